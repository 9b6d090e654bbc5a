"""Recipes by name."""

from __future__ import annotations

from takt_core.errors import TaktError
from takt_training.recipes.base import Recipe
from takt_training.recipes.peg_insertion import PegInsertionRecipe
from takt_training.recipes.pick_place import PickPlaceRecipe

RECIPES: dict[str, type[Recipe]] = {
    PegInsertionRecipe.name: PegInsertionRecipe,
    PickPlaceRecipe.name: PickPlaceRecipe,
}


def recipe_named(name: str) -> Recipe:
    """The recipe.

    Raises:
        TaktError: there is none of that name.
    """
    if name not in RECIPES:
        raise TaktError(f"recipe {name!r}; allowed: {', '.join(RECIPES)}")
    return RECIPES[name]()
