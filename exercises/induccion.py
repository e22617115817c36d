# %% [markdown]
# # 1. *Induction heads* y $W_{pos}W_{QK}W_{pos}^\top$
#
# Una ***induction head*** responde a «… A B … A» con «B»: mira al token que vino detrás la vez anterior. En este
# cuaderno encuentras las del modelo de la clase, ves qué cabeza muestra una franja en $W_{pos}W_{QK}W_{pos}^\top$ (no
# es la que parece) y averiguas por qué.
#
# **Cómo se trabaja.** Cada tarea tiene una función por escribir: sustituye la línea `raise NotImplementedError(…)`
# por tu solución, ejecuta la celda y después la de comprobación. Si algo falla, la comprobación dice qué parece que
# pasa. Las pistas están plegadas. Junto a cada tarea: dificultad, importancia, y minutos que suele llevar.
#
# Todo va con la API de **TransformerLens**: lo que escribas sirve igual para otros modelos.

# %%
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # no hace falta ninguna barra de progreso

import matplotlib.pyplot as plt
import torch
from transformer_lens.model_bridge import TransformerBridge
from transformers.utils.logging import disable_progress_bar

from exercises.checks import induction as checks
from exercises.checks.spanish import decimal
from mechinterp.model.checkpoints import folder_of

torch.set_grad_enabled(False)
disable_progress_bar()

# %% [markdown]
# El modelo es el de la clase. `enable_compatibility_mode` mete los pesos de cada normalización en la matriz que lee
# después, para que $W_Q$, $W_K$ y $W_U$ se puedan leer tal cual; las probabilidades que da el modelo no cambian.

# %%
model = TransformerBridge.boot_transformers(str(folder_of("bundled")))
model.enable_compatibility_mode(fold_value_biases=False)
n_layers, n_heads = model.cfg.n_layers, model.cfg.n_heads
print(n_layers, "capas de", n_heads, "cabezas;", model.cfg.d_vocab, "tokens")
print(model.to_str_tokens("Cuando María y Juan fueron al mercado"))

# %% [markdown]
# ## Tarea 1. Secuencias que se repiten
#
# Dificultad ●○○○○ · Importancia ●●●○○ · 5 minutos
#
# En tokens al azar no hay nada que predecir, salvo que se repitan: lo que el modelo acierte en la segunda mitad solo
# puede venir de la primera. Escribe la función que pone un bloque dos veces seguidas detrás de BOS.
#
# <details><summary>Pista</summary>
#
# `torch.full((len(block), 1), bos)` es una columna de BOS, y `torch.cat([…], dim=1)` une columnas.
#
# </details>


# %%
def repeat_after_bos(block: torch.Tensor, bos: int) -> torch.Tensor:
    """BOS, el bloque, y el bloque otra vez.

    block: [prompt period], tokens. Devuelve [prompt 1+2·period].
    """
    ### BEGIN SOLUTION: Tarea 1: escribe el cuerpo de repeat_after_bos. Hay una pista en la celda de arriba.
    start = torch.full((len(block), 1), bos)
    return torch.cat([start, block, block], dim=1)
    ### END SOLUTION


# %%
checks.repeat_after_bos(repeat_after_bos)

# %% [markdown]
# Con los mismos bloques que la figura de la clase, ¿se equivoca menos el modelo en la segunda mitad?

# %%
period = 25
draw = torch.Generator().manual_seed(1_000_000)
block = torch.randint(1, model.cfg.d_vocab, (200, period), generator=draw)
tokens = repeat_after_bos(block, model.tokenizer.bos_token_id)
logits, cache = model.run_with_cache(tokens)
log_prob = logits[:, :-1].log_softmax(-1).gather(-1, tokens[:, 1:, None]).squeeze(-1).mean(0)

plt.figure(figsize=(8, 3))
plt.plot(range(1, len(log_prob) + 1), log_prob)
plt.axvline(1 + period, color="firebrick")
plt.xlabel("posición")
plt.ylabel("log-prob. del token correcto (nats)")
plt.show()
first, second = log_prob[: period - 1].mean(), log_prob[1 - period :].mean()
print(f"primera mitad {decimal(first)} nats, segunda {decimal(second)} nats")

# %% [markdown]
# ## Tarea 2. ¿Qué cabezas lo hacen?
#
# Dificultad ●●○○○ · Importancia ●●●●● · 15 minutos
#
# Desde un token del segundo bloque, una *induction head* mira al que **sigue** a ese mismo token en el primero. Su
# puntuación es la atención media a esa posición, sobre los prompts y sobre las consultas del segundo bloque. El
# último token se deja fuera: su siguiente en el primer bloque es ya el principio del segundo.
#
# Importa porque es la definición con la que se buscan en cualquier modelo (Olsson et al., 2022).
#
# <details><summary>Pista 1</summary>
#
# El patrón es `[prompt head dest src]`: filas que atienden, columnas atendidas. ¿Cuántas posiciones hay de un token
# del segundo bloque al siguiente de su primera aparición?
#
# </details>
# <details><summary>Pista 2</summary>
#
# Son `period - 1` hacia atrás. `pattern.diagonal(1 - period, -2, -1)` es esa diagonal, `[prompt head consulta]`; de
# ella cuentan las `period` últimas menos la última.
#
# </details>


# %%
def induction_score(pattern: torch.Tensor, period: int) -> torch.Tensor:
    """Atención media al token que sigue a la primera aparición.

    pattern: [prompt head dest src], de BOS y dos bloques de `period` tokens. Devuelve [head], entre 0 y 1.
    """
    ### BEGIN SOLUTION: Tarea 2: escribe el cuerpo de induction_score. Hay dos pistas en la celda de arriba.
    stripe = pattern.diagonal(1 - period, -2, -1)
    return stripe[..., -period:-1].mean((0, -1))
    ### END SOLUTION


# %%
checks.induction_score(induction_score)

# %%
patterns = [cache[f"blocks.{layer}.attn.hook_pattern"] for layer in range(n_layers)]
induction = torch.stack([induction_score(pattern, period) for pattern in patterns])


def show(scores: torch.Tensor, title: str) -> None:
    """Muestra un número por cabeza, [layer head], como un mapa."""
    plt.figure(figsize=(5, 3))
    plt.imshow(scores, cmap="Blues", vmin=0, vmax=1)
    for layer, row in enumerate(scores.tolist()):
        for head, score in enumerate(row):
            plt.text(
                head,
                layer,
                decimal(score),
                ha="center",
                va="center",
                color="white" if score > 0.6 else "black",
            )
    plt.xlabel("cabeza")
    plt.ylabel("capa")
    plt.yticks(range(n_layers))
    plt.title(title)
    plt.show()


show(induction, "puntuación de inducción")

# %% [markdown]
# ¿Cuál es la más alta? Escríbela como `(capa, cabeza)`, contando desde cero.

# %%
### BEGIN SOLUTION: Tarea 2: escribe induction_head = (capa, cabeza), la de puntuación más alta del mapa.
induction_head = (1, 0)
### END SOLUTION
checks.found_head("induction_head", induction_head, induction, {})

# %% [markdown]
# ## Tarea 3. La que mira al token anterior
#
# Dificultad ●○○○○ · Importancia ●●●○○ · 5 minutos
#
# Una ***previous token head*** mira desde cada posición a la de antes. Mide la atención media a la posición anterior,
# sobre los prompts y sobre todas las consultas menos las dos primeras: la 0 no tiene anterior, y para la 1 es BOS, al
# que muchas cabezas miran de todos modos.
#
# <details><summary>Pista</summary>
#
# Es la diagonal −1. Su primer elemento es el de la consulta 1.
#
# </details>


# %%
def previous_token_score(pattern: torch.Tensor) -> torch.Tensor:
    """Atención media a la posición anterior, desde la consulta 2.

    pattern: [prompt head dest src]. Devuelve [head], entre 0 y 1.
    """
    ### BEGIN SOLUTION: Tarea 3: escribe el cuerpo de previous_token_score. Hay una pista en la celda de arriba.
    return pattern.diagonal(-1, -2, -1)[..., 1:].mean((0, -1))
    ### END SOLUTION


# %%
checks.previous_token_score(previous_token_score)

# %%
previous = torch.stack([previous_token_score(pattern) for pattern in patterns])
show(previous, "atención al token anterior")

# %% [markdown]
# ## Tarea 4. $W_{pos}W_{QK}W_{pos}^\top$: lo que una cabeza prefiere solo por la posición
#
# Dificultad ●●○○○ · Importancia ●●●●○ · 15 minutos
#
# Sin ningún token, solo con los *embeddings* de posición: ¿cuánto puntúa cada posición (fila, la consulta) a cada
# otra (columna, la clave)? Con $W_{QK} = W_Q W_K^\top$ es $W_{pos}W_{QK}W_{pos}^\top/\sqrt{d_{head}}$.
#
# <details><summary>Pista</summary>
#
# `W_pos @ W_Q` son las consultas de todas las posiciones, y `W_pos @ W_K`, las claves.
#
# </details>


# %%
def positional_qk(W_pos: torch.Tensor, W_Q: torch.Tensor, W_K: torch.Tensor) -> torch.Tensor:
    """Puntuación, antes del softmax, de cada posición por cada otra.

    W_pos: [pos d_model]; W_Q y W_K: [d_model d_head]. Devuelve [dest src].
    """
    ### BEGIN SOLUTION: Tarea 4: escribe el cuerpo de positional_qk. Hay una pista en la celda de arriba.
    q, k = W_pos @ W_Q, W_pos @ W_K
    return q @ k.T / W_Q.shape[-1] ** 0.5
    ### END SOLUTION


# %%
checks.positional_qk(positional_qk)

# %% [markdown]
# ## Tarea 5. ¿En qué cabezas gana la posición anterior?
#
# Dificultad ●●○○○ · Importancia ●●○○○ · 10 minutos
#
# Qué proporción de las filas, desde la 2, tiene su puntuación más alta en la posición anterior. Una fila solo ve las
# columnas hasta la suya.
#
# <details><summary>Pista</summary>
#
# `torch.ones(n, n).triu(1).bool()` marca el futuro; `masked_fill` lo pone a `-torch.inf`; `argmax(-1)` dice la
# columna preferida de cada fila.
#
# </details>


# %%
def prefers_previous(scores: torch.Tensor) -> torch.Tensor:
    """Proporción de filas, desde la 2, que prefieren la posición anterior entre las que ven.

    scores: [dest src]. Devuelve un número entre 0 y 1.
    """
    ### BEGIN SOLUTION: Tarea 5: escribe el cuerpo de prefers_previous. Hay una pista en la celda de arriba.
    future = torch.ones(len(scores), len(scores)).triu(1).bool()
    best = scores.masked_fill(future, -torch.inf).argmax(-1)
    return (best == torch.arange(len(scores)) - 1)[2:].float().mean()
    ### END SOLUTION


# %%
checks.prefers_previous(prefers_previous)

# %%
W_pos = model.W_pos[:32]
circuits = [
    [positional_qk(W_pos, model.W_Q[layer, head], model.W_K[layer, head]) for head in range(n_heads)]
    for layer in range(n_layers)
]
positional = torch.stack([torch.stack([prefers_previous(scores) for scores in row]) for row in circuits])
show(positional, "filas que prefieren la posición anterior")

# %% [markdown]
# ¿Qué cabeza tiene la franja, `(capa, cabeza)`?

# %%
### BEGIN SOLUTION: Tarea 5: escribe stripe_head = (capa, cabeza), la que prefiere la posición anterior en más filas.
stripe_head = (0, 3)
### END SOLUTION
checks.found_head("stripe_head", stripe_head, positional, {"la de inducción": induction})

# %%
figure, panels = plt.subplots(1, 2, figsize=(9, 4))
for axes, (layer, head) in zip(panels, (stripe_head, induction_head), strict=True):
    scores = circuits[layer][head]
    future = torch.ones_like(scores).triu(1).bool()
    axes.imshow(scores.masked_fill(future, torch.nan), cmap="RdBu_r", norm="linear")
    axes.set(title=f"L{layer}H{head}", xlabel="posición atendida", ylabel="posición que atiende")
plt.show()

# %% [markdown]
# ## Tarea 6. ¿Por qué no la de inducción?
#
# Dificultad ●●●○○ · Importancia ●●●●● · 20 minutos
#
# La de inducción mira a una posición que cada vez está a otra distancia (aquí 24, pero no lo sabe): su preferencia no
# puede estar en $W_{pos}$. Lo que busca es «la posición cuyo token **anterior** es como el mío». ¿Quién escribe en
# una posición cuál era su token anterior? Piensa una respuesta antes de seguir.
#
# Ponla a prueba: calla una cabeza de la capa 0 y mira qué le pasa a la de inducción. Un *hook* de TransformerLens
# recibe la activación y el punto donde está, y devuelve con qué sigue el modelo.
#
# <details><summary>Pista</summary>
#
# `hook_z` es `[prompt pos head d_head]`: lo que cada cabeza ha reunido, antes de `W_O`. Callarla es ponerlo a cero.
#
# </details>


# %%
def silence_head(z: torch.Tensor, hook, head: int) -> torch.Tensor:
    """Pone a cero lo que reúne una cabeza.

    z: [prompt pos head d_head]. Devuelve lo mismo, con la cabeza `head` a cero.
    """
    ### BEGIN SOLUTION: Tarea 6: escribe el cuerpo de silence_head. Hay una pista en la celda de arriba.
    z[:, :, head] = 0
    return z
    ### END SOLUTION


# %%
checks.silence_head(silence_head)


# %%
def induction_without(head: int, where: slice) -> float:
    """La inducción de induction_head con una cabeza de la capa 0 callada en unas posiciones, en 50 prompts."""
    layer, of = induction_head
    seen = {}

    def silence(z, hook):
        z[:, where] = silence_head(z[:, where].clone(), hook, head)
        return z

    hooks = [
        ("blocks.0.attn.hook_z", silence),
        (f"blocks.{layer}.attn.hook_pattern", lambda pattern, hook: seen.update(pattern=pattern)),
    ]
    model.run_with_hooks(tokens[:50], fwd_hooks=hooks)
    return induction_score(seen["pattern"], period)[of].item()


places = {"todo": slice(None), "1.er bloque": slice(1, 1 + period), "2.º bloque": slice(1 + period, None)}
print(
    f"inducción de L{induction_head[0]}H{induction_head[1]} con todas: {decimal(induction[induction_head])}"
)
print("callada en     " + "".join(f"{name:>13}" for name in places))
for head in range(n_heads):
    print(
        f"L0H{head}           "
        + "".join(f"{decimal(induction_without(head, where)):>13}" for where in places.values())
    )

# %% [markdown]
# <details><summary>Qué ha pasado</summary>
#
# Son **cabezas en serie**. L0H3 mira a la posición anterior: para eso le bastan las posiciones, y por eso la franja
# está en **su** $W_{pos}W_{QK}W_{pos}^\top$. Copia en cada posición qué token había antes. La de inducción, en la
# capa 1, compara su token con **eso** (*K-composition*): es contenido, escrito por otra cabeza, y en $W_{pos}$ no se
# ve nada. Por eso basta callar L0H3 en el primer bloque, donde están las claves, para que la inducción se hunda.
#
# Con L0H4 pasa al revés: hace falta en el segundo bloque, donde están las consultas. Es una *duplicate token head*:
# dice que el token ya había salido. Sin ella, la de inducción no sabe que hay algo que buscar y descansa en BOS
# (*Q-composition*). Compruébalo con la diagonal `-period` de su patrón.
#
# </details>
#
# **Para seguir.** Callar a cero puede empujar a las capas siguientes fuera de lo que conocen. ¿Cambia algo si pones
# la media de cada cabeza sobre prompts y posiciones? ¿Y qué cabezas son en otro modelo,
# `folder_of("bundled-seed-2")`?
