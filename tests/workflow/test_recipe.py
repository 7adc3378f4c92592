"""A recipe comes back as it was, whatever its strings hold."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fidelia.errors import DataError
from fidelia.workflow.recipe import Recipe

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    source=text,
    target=st.none() | text,
    kinds=st.dictionaries(text, text, max_size=3),
    given=st.lists(text, max_size=3),
    n=st.none() | st.integers(0, 10**9),
)
def test_toml_round_trip(tmp_path_factory, source, target, kinds, given, n) -> None:
    recipe = Recipe(source=source, target=target, kinds=kinds, given=given, n=n, parameters={"k": 5, "share": 0.5})
    path = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    recipe.save(path)
    assert Recipe.load(path) == recipe


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("format = 1\nsource = 'a'\ncolour = 'red'", "no setting 'colour'"),
        ("format = 9\nsource = 'a'", "recipe format 9 is not known"),
        ("source = ", "not a recipe"),
        ("format = 1\n", "needs a source"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=said):
        Recipe.load(path)
