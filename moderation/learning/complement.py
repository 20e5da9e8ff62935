"""Complement naive Bayes of words: weights that `training` adds to those it fitted.

Logistic regression gives a word that it hardly met hardly any weight; naive Bayes counts it at once. The complement
kind (Rennie, Shih, Teevan and Karger 2003, "Tackling the Poor Assumptions of Naive Bayes Text Classifiers") measures a
class by what is not in it and brings the weights of all classes to one length, which leaves a word that no class knows
a weight too: many unknown words look a little more like spam.
"""

import numpy as np

from moderation.learning.features import TABLE_SIZE, WORD_PLACES, Features
from moderation.learning.logistic import Vector

# How often a word is taken to have been met that was not.
_UNMET = 0.3


def complement_weights(features: Features, labels: Vector, importance: Vector) -> Vector:
    """Give each word's place (WORD_PLACES to TABLE_SIZE - 1) its weight, above 0 for spam.

    `labels` are 1.0 for spam and 0.0 for the rest; `importance` says how much each text counts beside the others.
    """
    of_words = (features.places >= WORD_PLACES) & (features.places < TABLE_SIZE)
    owners = np.repeat(np.arange(len(labels)), np.diff(features.starts))[of_words]
    places = features.places[of_words] - WORD_PLACES
    counted = importance * (len(importance) / np.sum(importance))
    rarity = []
    for counts in (counted * (1 - labels), counted * labels):
        met = np.bincount(places, counts[owners], minlength=TABLE_SIZE - WORD_PLACES) + _UNMET
        unlikely = -np.log(met / np.sum(met))
        rarity.append(unlikely / np.mean(unlikely))
    weights: Vector = rarity[0] - rarity[1]
    return weights
