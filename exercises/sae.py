# %% [markdown]
# # 3. Un *sparse autoencoder* sobre la capa central
#
# Entrenas un **SAE** *TopK* sobre lo que escribe el MLP de la capa central, mides lo que deja sin explicar y
# **etiquetas** sus características: para qué tokens se activa cada una.
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

from exercises.checks import sae as checks
from exercises.checks.spanish import decimal
from mechinterp import load_model
from mechinterp.model.checkpoints import folder_of
from mechinterp.sae.feature_card import top_excerpts
from mechinterp.sae.interpretability import INTERPRETABLE, best_labels
from mechinterp.sae.labels import labelled_split

torch.set_grad_enabled(False)
disable_progress_bar()

# %% [markdown]
# ## Tarea 1. Las $k$ mayores
#
# Dificultad ●●○○○ · Importancia ●●●●● · 10 minutos
#
# Lo que hace disperso a un SAE *TopK*: de las preactivaciones de cada vector se quedan las $k$ mayores, donde son
# positivas; las demás son cero (Gao et al., 2024).
#
# <details><summary>Pista</summary>
#
# `pre.topk(k, dim=-1)` da valores e índices; `torch.zeros_like(pre).scatter(-1, índices, valores)` los pone en su
# sitio.
#
# </details>


# %%
def top_k(pre: torch.Tensor, k: int) -> torch.Tensor:
    """Las k mayores de cada fila donde son positivas, y cero en lo demás.

    pre: [batch d_sae]. Devuelve [batch d_sae].
    """
    ### BEGIN SOLUTION: Tarea 1: escribe el cuerpo de top_k. Hay una pista en la celda de arriba.
    values, indices = pre.topk(k, dim=-1)
    return torch.zeros_like(pre).scatter(-1, indices, values.relu())
    ### END SOLUTION


# %%
checks.top_k(top_k)

# %% [markdown]
# ## Tarea 2. La reconstrucción
#
# Dificultad ●●○○○ · Importancia ●●●●● · 10 minutos
#
# $$f = \text{TopK}\big((x - b_{dec})\,W_{enc} + b_{enc}\big), \qquad \hat{x} = f\,W_{dec} + b_{dec}$$
#
# <details><summary>Pista</summary>
#
# $b_{dec}$ está dos veces: se resta al entrar y se suma al salir.
#
# </details>


# %%
def encode(x: torch.Tensor, p: dict[str, torch.Tensor], k: int) -> torch.Tensor:
    """Las características f de cada vector.

    x: [batch d_model]; p: W_enc [d_model d_sae], b_enc [d_sae], W_dec [d_sae d_model], b_dec [d_model].
    Devuelve [batch d_sae].
    """
    ### BEGIN SOLUTION: Tarea 2: escribe el cuerpo de encode, con tu top_k. Hay una pista en la celda de arriba.
    return top_k((x - p["b_dec"]) @ p["W_enc"] + p["b_enc"], k)
    ### END SOLUTION


def reconstruct(x: torch.Tensor, p: dict[str, torch.Tensor], k: int) -> torch.Tensor:
    """La reconstrucción de cada vector, [batch d_model]."""
    ### BEGIN SOLUTION: Tarea 2: escribe el cuerpo de reconstruct, con tu encode. Hay una pista en la celda de arriba.
    return encode(x, p, k) @ p["W_dec"] + p["b_dec"]
    ### END SOLUTION


# %%
checks.reconstruct(reconstruct)

# %% [markdown]
# ## Tarea 3. Lo que queda sin explicar
#
# Dificultad ●●○○○ · Importancia ●●●●○ · 10 minutos
#
# $$\text{FVU} = \frac{\sum \lVert x - \hat{x} \rVert^2}{\sum \lVert x - \bar{x} \rVert^2}$$
#
# con $\bar{x}$ la media de los vectores. Dar siempre la media da 1; la reconstrucción perfecta, 0.
#
# <details><summary>Pista</summary>
#
# `x.mean(0)` es un vector. Las dos sumas son sobre todo.
#
# </details>


# %%
def fvu(x: torch.Tensor, x_hat: torch.Tensor) -> torch.Tensor:
    """Proporción de la varianza que queda sin explicar.

    x y x_hat: [batch d_model]. Devuelve un número.
    """
    ### BEGIN SOLUTION: Tarea 3: escribe el cuerpo de fvu. Hay una pista en la celda de arriba.
    return (x - x_hat).square().sum() / (x - x.mean(0)).square().sum()
    ### END SOLUTION


# %%
checks.fvu(fvu)

# %% [markdown]
# ## El modelo y los textos
#
# El modelo es el de la clase. `enable_compatibility_mode` mete los pesos de cada normalización en la matriz que lee
# después, para que $W_Q$, $W_K$ y $W_U$ se puedan leer tal cual; las probabilidades que da el modelo no cambian.

# %%
model = TransformerBridge.boot_transformers(str(folder_of("bundled")))
model.enable_compatibility_mode(fold_value_biases=False)
HOOK = "blocks.1.hook_mlp_out"

# %% [markdown]
# Textos del generador con el que se entrenó el modelo: unos para entrenar el SAE, otros para medir. El generador sabe
# qué es cada palabra (nombre, verbo, oficio…), y de ahí salen las etiquetas. La posición 0, donde solo está BOS, se
# deja fuera.

# %%
lecture = load_model()  # el mismo modelo, como lo abre la clase: de aquí salen solo los textos
train_texts, test_texts = labelled_split(lecture, 250, 150, seed=0)


def activations(tokens: torch.Tensor) -> torch.Tensor:
    """Lo que hay en HOOK, sin la primera posición: [prompt pos d_model]."""
    return torch.cat(
        [model.run_with_cache(some, names_filter=HOOK)[1][HOOK][:, 1:] for some in tokens.split(50)]
    )


x, x_test = activations(train_texts.tokens), activations(test_texts.tokens)
scale = (x.shape[-1] / x.square().sum(-1).mean()) ** 0.5  # para que ‖x‖² sea d_model en media
x, x_test = scale * x.flatten(0, 1), scale * x_test
print(list(x.shape), "para entrenar;", list(x_test.shape), "para medir;", len(test_texts.labels), "etiquetas")

# %% [markdown]
# ## Tarea 4. El entrenamiento
#
# Dificultad ●●●○○ · Importancia ●●●●● · 20 minutos
#
# Un paso: la pérdida $\lVert x - \hat{x} \rVert^2$, media sobre el lote; sus gradientes; un paso del optimizador; y
# las direcciones (filas de $W_{dec}$) otra vez de longitud 1. No hace falta ninguna penalización: de que sea disperso
# se encarga *TopK*.
#
# <details><summary>Pista 1</summary>
#
# El orden de siempre: `optimizer.zero_grad()`, la pérdida, `loss.backward()`, `optimizer.step()`.
#
# </details>
# <details><summary>Pista 2</summary>
#
# Para cambiar un parámetro fuera del gradiente: `with torch.no_grad(): p["W_dec"] /= p["W_dec"].norm(dim=-1,
# keepdim=True)`.
#
# </details>


# %%
def training_step(
    x: torch.Tensor, p: dict[str, torch.Tensor], optimizer: torch.optim.Optimizer, k: int
) -> torch.Tensor:
    """Un paso de entrenamiento; cambia los parámetros.

    x: [batch d_model]. Devuelve la pérdida antes del paso, un número.
    """
    ### BEGIN SOLUTION: Tarea 4: escribe el cuerpo de training_step. Hay dos pistas en la celda de arriba.
    optimizer.zero_grad()
    loss = (x - reconstruct(x, p, k)).square().sum(-1).mean()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        p["W_dec"] /= p["W_dec"].norm(dim=-1, keepdim=True)
    return loss
    ### END SOLUTION


# %%
checks.training_step(training_step)

# %%
d_sae, k, steps, rate = 256, 8, 400, 4e-3
draw = torch.Generator().manual_seed(0)
W_dec = torch.nn.functional.normalize(torch.randn(d_sae, x.shape[1], generator=draw), dim=-1)
start = {"W_enc": W_dec.T.clone(), "b_enc": torch.zeros(d_sae), "W_dec": W_dec, "b_dec": x.mean(0)}
p = {name: tensor.requires_grad_() for name, tensor in start.items()}
optimizer = torch.optim.Adam(p.values(), lr=rate)
losses = []
with torch.enable_grad():
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (steps - step) / (0.3 * steps))  # baja a cero al final
        batch = x[torch.randint(len(x), (512,), generator=draw)]
        losses.append(training_step(batch, p, optimizer, k).item())

f = encode(x_test.flatten(0, 1), p, k)
x_hat = f @ p["W_dec"] + p["b_dec"]
plt.figure(figsize=(7, 3))
plt.plot(losses)
plt.yscale("log")
plt.xlabel("paso")
plt.ylabel("pérdida")
plt.show()
unexplained, fire = fvu(x_test.flatten(0, 1), x_hat), (f > 0).sum(-1).float().mean()
print(f"en textos que no vio: FVU {decimal(unexplained, 3)}, {decimal(fire, 1)} activas por token")

# %% [markdown]
# ## Tarea 5. ¿Qué detecta una característica?
#
# Dificultad ●●○○○ · Importancia ●●●●○ · 10 minutos
#
# Una etiqueta («oficio», «verbo de dar tras «le»») es cierta o falsa de cada token. Como detector de ella, una
# característica tiene una **precisión** (de las veces que se activa, en cuántas es cierta) y un ***recall*** (de las
# que es cierta, en cuántas se activa).
#
# <details><summary>Pista</summary>
#
# `(fires & true).sum()` cuenta las veces en que ocurren las dos cosas.
#
# </details>


# %%
def precision_and_recall(fires: torch.Tensor, true: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Precisión y recall de una característica como detector de una etiqueta.

    fires y true: [token], booleanos. Devuelve dos números entre 0 y 1.
    """
    ### BEGIN SOLUTION: Tarea 5: escribe el cuerpo de precision_and_recall. Hay una pista en la celda de arriba.
    both = (fires & true).sum()
    return both / fires.sum(), both / true.sum()
    ### END SOLUTION


# %%
checks.precision_and_recall(precision_and_recall)

# %% [markdown]
# Ahora todas las características con todas las etiquetas. La etiqueta y el umbral de activación se eligen en la mitad
# de los textos y se miden en la otra: entre tantas, alguna acierta por azar. Las que quedan con F1 ≥ 0,8 significan
# algo.

# %%
f = f.view(len(x_test), -1, d_sae)
f_all = torch.nn.functional.pad(f, (0, 0, 1, 0))  # con la posición 0, en la que ninguna se activa
match = best_labels(f_all, test_texts)
meaningful = (match.f1 >= INTERPRETABLE).nonzero().flatten().tolist()
live = int((f > 0).any(0).any(0).sum())
print(
    f"{len(meaningful)} de {live} características que se activan significan algo con F1 ≥ {decimal(INTERPRETABLE, 1)}"
)
for feature in sorted(meaningful, key=lambda i: -match.f1[i])[:12]:
    label = test_texts.labels[int(match.label[feature])]
    print(f"{feature:4d}  F1 {decimal(match.f1[feature])}  {label.kind}: {label.name}")

# %% [markdown]
# La mejor que no es de una sola palabra, con tu función y en los textos en que más se activa:

# %%
kinds = {i: test_texts.labels[int(match.label[i])].kind for i in meaningful}
best = max((i for i in meaningful if kinds[i] != "palabra"), key=lambda i: match.f1[i])
true = test_texts.true[:, 1:, int(match.label[best])].flatten()
threshold = match.share[best] * f_all[: len(f_all) // 2, :, best].max()
precision, recall = precision_and_recall(f[..., best].flatten() > threshold, true)
print(f"característica {best}, «{test_texts.labels[int(match.label[best])].name}»")
print(f"precisión {decimal(precision)}, recall {decimal(recall)}")
for excerpt in top_excerpts(f_all[..., best], test_texts.tokens, 5, before=6, after=2):
    strongest = int(excerpt.f.argmax())
    words = model.to_str_tokens(excerpt.tokens, prepend_bos=False)
    print("".join(f" »{word.strip()}«" if i == strongest else word for i, word in enumerate(words)))

# %% [markdown]
# <details><summary>Qué ha pasado</summary>
#
# Con ocho números por token el SAE explica más de nueve décimas de la varianza, y aun así **pocas** características
# tienen nombre: la mayoría se activa para algo que ninguna etiqueta recoge, o para un poco de todo. Explicar la
# varianza y tener significado son dos cosas. Y una etiqueta dice *cuándo* se activa una característica, no *para qué*
# la usa el modelo.
#
# </details>
#
# **Para seguir.** Cambia `HOOK` por `"blocks.1.hook_resid_post"`, donde la clase compara clases de SAE: ¿hay más con
# significado? ¿Y con `k = 4`, o sin entrenar (`steps = 0`)? ¿Cuántas significan algo si las características son las
# neuronas mismas?
