import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from lectern.making.data import NotPlainError, decode, digest, encode, scalar

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
arrays = npst.arrays(st.sampled_from([np.float32, np.int64, np.bool_]), npst.array_shapes(min_side=0))


@given(plain)
def test_plain_data_comes_back_as_it_was(tree: object) -> None:
    assert decode(encode(tree)) == tree


@given(arrays)
def test_arrays_come_back_as_they_were(array: np.ndarray) -> None:
    back = decode(encode({"a": [array]}))["a"][0]
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


def test_tensors_come_back_as_arrays_and_tuples_as_lists() -> None:
    tree = {"t": torch.arange(3.0, requires_grad=True), "p": (1, np.float32(0.5))}
    back = decode(encode(tree))
    np.testing.assert_array_equal(back["t"], np.arange(3, dtype=np.float32))
    assert back["p"] == [1, 0.5]


def test_the_digest_sees_values_shapes_dtypes_and_places() -> None:
    trees = [
        {"a": np.zeros(4)},
        {"a": np.zeros((2, 2))},
        {"a": np.zeros(4, np.float32)},
        {"a": np.array([0, 0, 0, 1.0])},
        {"b": np.zeros(4)},
        {"a": [np.zeros(4)]},
        {"a": [0.0] * 4},
    ]
    assert len({digest(tree) for tree in trees}) == len(trees)
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert encode(trees[0]) == encode(trees[0])


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        ({"a": [1, object()]}, r"data\['a'\]\[1\] is a builtins.object"),
        ({"a": np.array([object()])}, r"data\['a'\] is a numpy.ndarray"),
        ({1: 2}, "data has keys that are no strings"),
        ({"a": {2, 3}}, r"data\['a'\] is a builtins.set"),
    ],
)
def test_what_is_not_plain_is_refused_with_its_place(tree: object, place: str) -> None:
    with pytest.raises(NotPlainError, match=place):
        encode(tree)


def test_scalars_of_libraries_become_numbers() -> None:
    assert [scalar(x) for x in (np.int64(2), torch.tensor(1.5), 3, "x")] == [2, 1.5, 3, "x"]
