"""How the stand-in finds: filters, BM25F, cosine, and the fusion of both."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from weaviate.proto.v1 import (
    base_pb2,
)

from tests.stand_ins.weaviate.state import Collection, Refused, Stored

Operator = base_pb2.Filters.Operator


def tokens(tokenization: str, text: str) -> list[str]:
    """The tokens that Weaviate makes of a text: one for FIELD, lower-case words for WORD."""
    if tokenization == "field":
        return [text.strip()]
    if tokenization == "word":
        return re.findall(r"[^\W_]+", text.lower())
    if tokenization == "whitespace":
        return text.split()
    raise Refused(f"the stand-in has no tokenization {tokenization!r}")


def values(value: Any) -> list[str]:
    """A text or text-array property as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def matches(collection: Collection, stored: Stored, where: base_pb2.Filters) -> bool:
    """Whether an object passes a filter."""
    operator = where.operator
    if operator == Operator.OPERATOR_AND:
        return all(matches(collection, stored, one) for one in where.filters)
    if operator == Operator.OPERATOR_OR:
        return any(matches(collection, stored, one) for one in where.filters)
    name = where.target.property
    if name == "_id":
        held = [[stored.uuid]]
        asked = [[one] for one in where.value_text_array.values] or [[where.value_text]]
    else:
        prop = collection.prop(name)
        if not prop.get("indexFilterable", True):
            raise Refused(f"Filtering by property '{name}' requires inverted index. ")
        held = [tokens(prop["tokenization"], one) for one in values(stored.properties.get(name))]
        if operator == Operator.OPERATOR_LIKE:
            return any(fnmatchcase(each, where.value_text) for one in held for each in one)
        texts = list(where.value_text_array.values) or [where.value_text]
        asked = [tokens(prop["tokenization"], one) for one in texts]
        if prop["tokenization"] == "word":
            asked = [[word for word in one if word not in collection.stop_words()] for one in asked]
        if not all(asked):
            raise Refused("invalid search term, only stopwords provided")
    # Every token of an asked value has to be there, from whichever of the object's values.
    pool = {token for one in held for token in one}
    hits = [set(one) <= pool for one in asked]
    if operator in (Operator.OPERATOR_EQUAL, Operator.OPERATOR_CONTAINS_ANY):
        return any(hits)
    if operator == Operator.OPERATOR_CONTAINS_NONE:
        return not any(hits)
    raise Refused(f"the stand-in has no filter operator {operator}")


def bm25(
    collection: Collection, candidates: Iterable[Stored], query: str, boosted: Iterable[str]
) -> dict[str, float]:
    """BM25F over the boosted properties; only objects with a hit are in the result.

    A boost that is no whole number counts as 0, as with the real server.
    """
    k1, b = collection.bm25()
    weights = {}
    for one in boosted:
        name, _, boost = one.partition("^")
        prop = collection.prop(name)
        if not prop.get("indexSearchable", True):
            raise Refused(f"property {name} is not indexed for BM25")
        weights[name] = (int(boost) if boost.isdigit() else 0 if boost else 1, prop["tokenization"])
    words = set()
    for _, tokenization in weights.values():
        asked = set(tokens(tokenization, query))
        words |= asked - collection.stop_words() if tokenization == "word" else asked

    def words_of(stored: Stored, name: str) -> list[str]:
        found = values(stored.properties.get(name))
        return [token for text in found for token in tokens(weights[name][1], text)]

    index = {
        uuid: {name: words_of(stored, name) for name in weights}
        for uuid, stored in collection.objects.items()
    }
    total = max(len(index), 1)
    mean = {
        name: max(sum(len(found[name]) for found in index.values()) / total, 1) for name in weights
    }
    scores: dict[str, float] = {}
    for word in words:
        having = sum(any(word in found for found in by_prop.values()) for by_prop in index.values())
        rarity = math.log(1 + (total - having + 0.5) / (having + 0.5))
        for stored in candidates:
            weighed = 0.0
            for name, found in index[stored.uuid].items():
                length = 1 - b + b * len(found) / mean[name]
                weighed += weights[name][0] * found.count(word) / length
            if weighed:
                part = rarity * weighed * (k1 + 1) / (k1 + weighed)
                scores[stored.uuid] = scores.get(stored.uuid, 0) + part
    return scores


def best(scores: dict[str, float], n: int) -> dict[str, float]:
    """The ``n`` highest."""
    return dict(sorted(scores.items(), key=lambda item: -item[1])[:n])


def fused(legs: list[tuple[float, dict[str, float]]]) -> dict[str, float]:
    """Relative score fusion of (weight, scores)."""
    total: dict[str, float] = {}
    for weight, leg in legs:
        low, high = min(leg.values(), default=0), max(leg.values(), default=0)
        for uuid, score in leg.items():
            part = (score - low) / (high - low) if high != low else 1.0
            total[uuid] = total.get(uuid, 0) + weight * part
    return total


def by_id(one: Stored) -> str:
    """The order in which a cursor goes through a collection."""
    return one.uuid


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """The similarity by which the vector leg ranks."""
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
