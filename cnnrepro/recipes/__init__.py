"""What a training is told: optimizer, learning rate and schedule, as papers have them."""

from cnnrepro.recipes.catalogue import RECIPES, Recipe, recipe

__all__ = ["RECIPES", "Recipe", "recipe"]
