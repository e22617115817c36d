"""Toy models of superposition: few dimensions that represent many sparse features, and when this pays off.

Source: Elhage et al. 2022, *Toy Models of Superposition* (transformer-circuits.pub/2022/toy_model). With n
features x_i ∈ [0, 1], importances I_i and sparsity S (the probability that a feature is zero):

    h = W x,    x' = ReLU(Wᵀ h + b),    L = mean over inputs of Σ_i I_i (x_i − x'_i)²

Shapes: `instance` (models trained side by side in one batched tensor), `batch`, `feature` (n), `hidden` (m ≤ n).
Inputs are columns, as in the formula: x is (instance, feature, batch) and W (instance, hidden, feature), so that
column i of one model's W is the direction of feature i.

`samplers` draws features, `model` is the formula, `training` fits it, `integration` and `arrangements` give the
expected loss, and `geometry`, `phases` and `neurons` analyse the result.

May import no other room.
"""
