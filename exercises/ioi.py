# %% [markdown]
# # 2. El objeto indirecto: atribución directa, *activation patching* y ablación
#
# «Cuando María y Juan fueron al mercado, Juan le dio pan a …» **María**. ¿Qué cabezas lo hacen? Tres preguntas
# distintas, con tres respuestas distintas:
#
# - **Atribución directa (DLA):** ¿qué cabezas *escriben* la respuesta?
# - ***Activation patching*:** ¿qué cabezas *llevan* lo que distingue esta frase de otra?
# - **Ablación:** ¿sin qué cabezas *se pierde*?
#
# **Cómo se trabaja.** Cada tarea tiene una función por escribir: sustituye la línea `raise NotImplementedError(…)`
# por tu solución, ejecuta la celda y después la de comprobación. Si algo falla, la comprobación dice qué parece que
# pasa. Las pistas están plegadas. Junto a cada tarea: dificultad, importancia, y minutos que suele llevar.

# %%
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # no hace falta ninguna barra de progreso

import matplotlib.pyplot as plt
import torch
from transformer_lens.model_bridge import TransformerBridge
from transformers.utils.logging import disable_progress_bar

from exercises.checks import ioi as checks
from exercises.checks.spanish import decimal
from mechinterp import load_model
from mechinterp.ioi.prompts import Corruption, corrupted, prompts
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

# %% [markdown]
# Doscientas frases, las de la clase. De cada una: los tokens (los cortos, con relleno a la derecha), el token del
# objeto indirecto (`io`), el del sujeto, que está dos veces (`subject`), y dónde acaba (`end`).

# %%
lecture = load_model()  # el mismo modelo, como lo abre la clase: de aquí salen solo las frases
asked = prompts(lecture, 200, seed=1_000_000)
tokens, io, subject, end = asked.tokens, asked.io, asked.subject, asked.positions["END"]
for text in asked.texts[:3]:
    print(text)
print(
    "tokens:",
    list(tokens.shape),
    " end:",
    end[:3].tolist(),
    " io:",
    model.to_str_tokens(io[:3], prepend_bos=False),
)

# %% [markdown]
# ## Tarea 1. La diferencia de logits
#
# Dificultad ●○○○○ · Importancia ●●●●● · 10 minutos
#
# La métrica de todo lo que sigue: $\text{logit}(IO) - \text{logit}(S)$ donde acaba cada frase. Positiva si el modelo
# acierta. Es una resta de logits, y por eso se puede repartir entre las cabezas.
#
# <details><summary>Pista</summary>
#
# Las frases acaban en posiciones distintas. Con `rows = torch.arange(len(logits))`, `logits[rows, end]` toma de cada
# fila la suya, `[prompt d_vocab]`.
#
# </details>


# %%
def logit_diff(
    logits: torch.Tensor, io: torch.Tensor, subject: torch.Tensor, end: torch.Tensor
) -> torch.Tensor:
    """logit(IO) − logit(S) al final de cada frase.

    logits: [prompt pos d_vocab]; io, subject y end: [prompt]. Devuelve [prompt].
    """
    ### BEGIN SOLUTION: Tarea 1: escribe el cuerpo de logit_diff. Hay una pista en la celda de arriba.
    rows = torch.arange(len(logits))
    last = logits[rows, end]
    return last[rows, io] - last[rows, subject]
    ### END SOLUTION


# %%
checks.logit_diff(logit_diff)

# %%
logits, cache = model.run_with_cache(tokens)
clean_diff = logit_diff(logits, io, subject, end)
print(
    f"diferencia media: {decimal(clean_diff.mean())} logits; acierta en {(clean_diff > 0).float().mean():.0%}"
)

# %% [markdown]
# ## Tarea 2. Lo que escribe cada cabeza
#
# Dificultad ●●●○○ · Importancia ●●●●● · 20 minutos
#
# El residual stream del final es la suma de lo que todos han escrito. Lo que escribe una cabeza en la última posición
# es $z\,W_O$; lo que eso sube la diferencia, su producto con la dirección $W_U[:, IO] - W_U[:, S]$, **dividido entre
# la escala** de la normalización final (la desviación del residual stream en esa posición, tal como fue en la
# pasada).
#
# Importa porque es exacto: las contribuciones de todos suman la diferencia de logits.
#
# <details><summary>Pista 1</summary>
#
# Son dos productos: de `z` con `W_O` para cada cabeza, y del resultado con la dirección de cada prompt.
#
# </details>
# <details><summary>Pista 2</summary>
#
# `torch.einsum("nhk,hkd,nd->nh", z, W_O, direction)`, y falta la escala.
#
# </details>


# %%
def head_contributions(
    z: torch.Tensor, W_O: torch.Tensor, direction: torch.Tensor, scale: torch.Tensor
) -> torch.Tensor:
    """Lo que cada cabeza de una capa añade a la diferencia de logits.

    z: [prompt head d_head], en la última posición; W_O: [head d_head d_model]; direction: [prompt d_model];
    scale: [prompt 1], la de la normalización final. Devuelve [prompt head], en logits.
    """
    ### BEGIN SOLUTION: Tarea 2: escribe el cuerpo de head_contributions. Hay dos pistas en la celda de arriba.
    return torch.einsum("nhk,hkd,nd->nh", z, W_O, direction / scale)
    ### END SOLUTION


# %%
checks.head_contributions(head_contributions)

# %%
rows = torch.arange(len(tokens))
direction = (model.W_U[:, io] - model.W_U[:, subject]).T
scale = cache["ln_final.hook_scale"][rows, end]
zs = [cache[f"blocks.{layer}.attn.hook_z"][rows, end] for layer in range(n_layers)]
direct = torch.stack(
    [head_contributions(z, model.W_O[layer], direction, scale).mean(0) for layer, z in enumerate(zs)]
)


def show(values: torch.Tensor, title: str) -> None:
    """Muestra un número por cabeza, [layer head], como un mapa."""
    most = values.abs().max()
    plt.figure(figsize=(5, 3))
    plt.imshow(values, cmap="RdBu", vmin=-most, vmax=most)
    for layer, row in enumerate(values.tolist()):
        for head, value in enumerate(row):
            plt.text(
                head,
                layer,
                decimal(value),
                ha="center",
                va="center",
                color="white" if value > 0.6 * most else "black",
            )
    plt.xlabel("cabeza")
    plt.ylabel("capa")
    plt.yticks(range(n_layers))
    plt.title(title)
    plt.show()


show(direct, "contribución directa (logits)")
print(f"las cabezas suman {decimal(direct.sum())} de {decimal(clean_diff.mean())} logits")

# %% [markdown]
# Lo que falta hasta la diferencia lo escriben los MLP, los *embeddings* y los sesgos.
#
# ## Tarea 3. Cuánto se recupera
#
# Dificultad ●●○○○ · Importancia ●●●●○ · 10 minutos
#
# La DLA dice quién escribe, y no de dónde saca qué nombre escribir. Para eso se toma una frase **corrupta**, igual
# salvo que regala el otro («…, **María** le dio pan a»): la respuesta es la contraria. Después se mete en su pasada
# una sola activación de la **limpia** y se mira cuánto vuelve la diferencia: 0 si sigue corrupta, 1 si es ya la
# limpia.
#
# <details><summary>Pista</summary>
#
# Lo recorrido entre la distancia, (parcheada − corrupta) / (limpia − corrupta), con la media de los prompts arriba y
# abajo por separado.
#
# </details>


# %%
def recovered(patched: torch.Tensor, clean: torch.Tensor, corrupted: torch.Tensor) -> torch.Tensor:
    """Qué parte de la diferencia vuelve, media sobre los prompts.

    patched, clean y corrupted: [prompt], diferencias de logits. Devuelve un número: 0 corrupta, 1 limpia.
    """
    ### BEGIN SOLUTION: Tarea 3: escribe el cuerpo de recovered. Hay una pista en la celda de arriba.
    return (patched - corrupted).mean() / (clean - corrupted).mean()
    ### END SOLUTION


# %%
checks.recovered(recovered)

# %% [markdown]
# ## Tarea 4. *Activation patching* de una cabeza
#
# Dificultad ●●●○○ · Importancia ●●●●● · 20 minutos
#
# Corre el modelo sobre las frases corruptas con lo que reunió **una** cabeza en la pasada limpia, en todas las
# posiciones. Es *denoising*: lo limpio en lo corrupto.
#
# <details><summary>Pista 1</summary>
#
# `model.run_with_hooks(tokens, fwd_hooks=[(nombre, función)])` devuelve los logits. La función recibe `(z, hook)` y
# devuelve z cambiado; `hook_z` es `[prompt pos head d_head]`.
#
# </details>
# <details><summary>Pista 2</summary>
#
# `hook.name` es el nombre del punto: dentro de la función, lo limpio es `clean_cache[hook.name]`.
#
# </details>


# %%
def patch_head(model, corrupted: torch.Tensor, clean_cache, layer: int, head: int) -> torch.Tensor:
    """Los logits de las frases corruptas con una cabeza de la pasada limpia.

    corrupted: [prompt pos]; clean_cache: el de las limpias, de run_with_cache. Devuelve [prompt pos d_vocab].
    """

    ### BEGIN SOLUTION: Tarea 4: escribe el cuerpo de patch_head. Hay dos pistas en la celda de arriba.
    def patch(z, hook):
        z[:, :, head] = clean_cache[hook.name][:, :, head]
        return z

    return model.run_with_hooks(corrupted, fwd_hooks=[(f"blocks.{layer}.attn.hook_z", patch)])
    ### END SOLUTION


# %%
few = slice(0, 60)  # 24 pasadas del modelo: con 60 frases basta
swapped = corrupted(lecture, asked, Corruption.SWAPPED)[few]
clean, ends = tokens[few], (io[few], subject[few], end[few])
checks.patch_head(patch_head, model, clean[:8])

# %%
_, clean_cache = model.run_with_cache(clean)
corrupted_diff = logit_diff(model(swapped), *ends)
back = torch.zeros(n_layers, n_heads)
for layer in range(n_layers):
    for head in range(n_heads):
        patched = logit_diff(patch_head(model, swapped, clean_cache, layer, head), *ends)
        back[layer, head] = recovered(patched, clean_diff[few], corrupted_diff)
show(back, "parte recuperada con cada cabeza")

# %% [markdown]
# Compara los dos mapas. L0H4 y L1H1 devuelven tres cuartas partes cada una y **no escriben nada** de la respuesta:
# trabajan antes, y otras leen lo que ellas dicen. Como están en serie, sus partes no tienen que sumar 1.
#
# ## Tarea 5. Con qué se sustituye una cabeza
#
# Dificultad ●●○○○ · Importancia ●●●○○ · 10 minutos
#
# Antes de quitar una cabeza hay que decir qué se pone en su lugar. Cero la aparta de todo lo que el modelo conoce.
# Aquí se pone lo que la cabeza escribe **en la misma frase con otros tres nombres**, ninguno repetido: se pierde
# quién es quién y nada más. Hay varias versiones de cada frase: promedia sobre ellas.
#
# <details><summary>Pista</summary>
#
# `torch.stack(versions)` pone un eje nuevo delante.
#
# </details>


# %%
def mean_z(versions: list[torch.Tensor]) -> torch.Tensor:
    """Lo que reúnen las cabezas, en media sobre las versiones de cada frase, posición a posición.

    versions: cada una [prompt pos head d_head]. Devuelve [prompt pos head d_head].
    """
    ### BEGIN SOLUTION: Tarea 5: escribe el cuerpo de mean_z. Hay una pista en la celda de arriba.
    return torch.stack(versions).mean(0)
    ### END SOLUTION


# %%
checks.mean_z(mean_z)

# %%
strangers = [corrupted(lecture, asked, Corruption.STRANGERS, seed)[few] for seed in range(8)]
caches = [model.run_with_cache(version)[1] for version in strangers]
names = [f"blocks.{layer}.attn.hook_z" for layer in range(n_layers)]
instead = {name: mean_z([one[name] for one in caches]) for name in names}

# %% [markdown]
# ## Tarea 6. ¿Qué cabezas hacen falta?
#
# Dificultad ●●●○○ · Importancia ●●●●○ · 15 minutos
#
# Con los dos mapas delante, **apuesta antes de ejecutar**: ¿sin qué cabezas quedará menos del 60 % de la diferencia?
# ¿Sin la que más escribe?

# %%
left = torch.zeros(n_layers, n_heads)
for layer in range(n_layers):
    for head in range(n_heads):
        # Es tu patch_head: mete en las frases limpias lo que hay en `instead`.
        left[layer, head] = logit_diff(patch_head(model, clean, instead, layer, head), *ends).mean()
show(left, f"lo que queda sin cada cabeza (con todas, {decimal(clean_diff[few].mean())} logits)")

# %% [markdown]
# Escribe las que hacen falta, como una lista de pares `(capa, cabeza)`.

# %%
### BEGIN SOLUTION: Tarea 6: escribe needed_heads = [(capa, cabeza), …], aquellas sin las que queda menos del 60 %.
needed_heads = [(0, 4), (1, 1)]
### END SOLUTION
checks.needed_heads(needed_heads, left, direct, clean_diff[few].mean(), share=0.6)

# %%
plt.figure(figsize=(7, 4))
plt.scatter(direct, left, s=120 * back.clamp(min=0.02), alpha=0.7)
for layer in range(n_layers):
    for head in range(n_heads):
        if direct[layer, head] > 1 or left[layer, head] < 8:
            plt.annotate(
                f"L{layer}H{head}",
                (direct[layer, head], left[layer, head]),
                (6, 4),
                textcoords="offset points",
            )
plt.axhline(0.6 * clean_diff[few].mean(), color="firebrick", linestyle="--")
plt.xlabel("lo que escribe (logits)")
plt.ylabel("lo que queda sin ella (logits)")
plt.title("tamaño: parte recuperada al parchear")
plt.show()

# %% [markdown]
# <details><summary>Qué ha pasado</summary>
#
# La que más escribe, L2H1, **no es imprescindible**: sin ella queda más de la mitad, porque la capa 3 entera y otras
# de la 2 escriben lo mismo. Las imprescindibles casi no escriben: L0H4 nota que un nombre se repite y L1H1 lleva esa
# noticia al final de la frase, donde las que escriben deciden a qué nombre mirar. Sin la noticia, todas las que
# escriben se quedan a oscuras a la vez.
#
# Por eso hacen falta los tres métodos: ninguno responde a la pregunta de otro.
#
# </details>
#
# **Para seguir.** Parchea patrones (`attn.hook_pattern`) en lugar de `hook_z`: ¿de quién depende a qué nombre mira
# L2H1? Quita L2H1 y mira si otras escriben más que antes (*backup heads*). Repítelo con `Corruption.UNREPEATED`.
