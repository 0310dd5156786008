"""Builds the ONNX graph of all-MiniLM-L6-v2 from its safetensors; needs no torch.

BERT encoder (Devlin et al., 2019; arXiv:1810.04805) with mean pooling and L2 norm as in
Sentence-Transformers (Reimers and Gurevych, 2019; arXiv:1908.10084). Only the build needs the
packages onnx and safetensors; running the graph needs onnxruntime alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file

LAYERS, HEADS, WIDTH = 6, 12, 384
_HEAD = WIDTH // HEADS
_EPSILON = 1e-12
_MASKED = -1e9
_SPLIT = [0, 2, 1, 3]
"""(batch, token, head, value) ↔ (batch, head, token, value)."""


def build(weights: Path, target: Path) -> None:
    """Write the 8-bit graph of `weights` (a safetensors file) to `target`.

    In: `input_ids`, `attention_mask`, int64 [batch, tokens]. Out: `tokens` float32
    [batch, tokens, 384], the last hidden state, and `sentence` float32 [batch, 384], unit length.
    """
    whole = target.with_suffix(".fp32")
    onnx.save(_Graph(load_file(weights)).model(), whole)
    quantize_dynamic(whole, target, weight_type=QuantType.QInt8, per_channel=True)
    whole.unlink()


class _Graph:
    """The nodes and constants so far; a value is known by its name."""

    def __init__(self, weights: dict[str, Any]) -> None:
        self._weights = weights
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def model(self) -> Any:
        """The whole graph as a checked model of opset 17."""
        mask = self._op("Cast", ["attention_mask"], to=TensorProto.FLOAT)
        hidden = self._embed()
        bias = self._attention_bias(mask)
        for layer in range(LAYERS):
            hidden = self._layer(f"encoder.layer.{layer}", hidden, bias)
        self._nodes.append(helper.make_node("Identity", [hidden], ["tokens"]))
        self._pool(mask)
        graph = helper.make_graph(
            self._nodes,
            "minilm",
            [_shape("input_ids", TensorProto.INT64), _shape("attention_mask", TensorProto.INT64)],
            [_shape("tokens", TensorProto.FLOAT, "tokens"), _sentence_shape()],
            list(self._constants.values()),
        )
        opset = helper.make_opsetid("", 17)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=9)
        # Its shapes are all known: the quantizer's own pre-processing would change nothing.
        model.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
        onnx.checker.check_model(model)
        return model

    def _embed(self) -> str:
        """Word, position and segment embeddings, normalized."""
        words = self._weight("embeddings.word_embeddings.weight")
        places = self._weight("embeddings.position_embeddings.weight")
        length = self._op("Shape", ["input_ids"], start=1, end=2)
        first = self._ints("first", [0])
        # A Slice, because ONNX Runtime's optimizer breaks Gather(Range).
        placed = self._op("Slice", [places, first, length, first])
        found = self._op("Gather", [words, "input_ids"], axis=0)
        segment = self._constant(
            "segment", self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        total = self._op("Add", [self._op("Add", [found, placed]), segment])
        return self._norm(total, "embeddings.LayerNorm")

    def _attention_bias(self, mask: str) -> str:
        """0 for tokens and a large negative number for padding, as [batch, 1, 1, tokens]."""
        absent = self._op("Sub", [self._float("one", 1.0), mask])
        bias = self._op("Mul", [absent, self._float("masked", _MASKED)])
        return self._op("Unsqueeze", [bias, self._ints("axes_1_2", [1, 2])])

    def _layer(self, name: str, hidden: str, bias: str) -> str:
        said = self._attention(f"{name}.attention.self", hidden, bias)
        said = self._dense(said, f"{name}.attention.output.dense")
        hidden = self._norm(self._op("Add", [said, hidden]), f"{name}.attention.output.LayerNorm")
        wide = self._gelu(self._dense(hidden, f"{name}.intermediate.dense"))
        narrow = self._dense(wide, f"{name}.output.dense")
        return self._norm(self._op("Add", [narrow, hidden]), f"{name}.output.LayerNorm")

    def _attention(self, name: str, hidden: str, bias: str) -> str:
        """softmax(QKᵀ/√d + bias)·V over all heads."""
        query = self._heads(hidden, f"{name}.query", _SPLIT)
        key = self._heads(hidden, f"{name}.key", [0, 2, 3, 1])
        value = self._heads(hidden, f"{name}.value", _SPLIT)
        raw = self._op("MatMul", [query, key])
        scaled = self._op("Mul", [raw, self._float("scale", _HEAD**-0.5)])
        weights = self._op("Softmax", [self._op("Add", [scaled, bias])], axis=-1)
        mixed = self._op("Transpose", [self._op("MatMul", [weights, value])], perm=_SPLIT)
        return self._op("Reshape", [mixed, self._ints("joined", [0, 0, WIDTH])])

    def _heads(self, hidden: str, name: str, order: list[int]) -> str:
        dense = self._dense(hidden, name)
        split = self._op("Reshape", [dense, self._ints("split", [0, 0, HEADS, _HEAD])])
        return self._op("Transpose", [split], perm=order)

    def _gelu(self, value: str) -> str:
        """x·(1 + erf(x/√2))/2."""
        bent = self._op("Erf", [self._op("Mul", [value, self._float("rsqrt2", 2**-0.5)])])
        raised = self._op("Add", [bent, self._float("one", 1.0)])
        return self._op("Mul", [self._op("Mul", [value, raised]), self._float("half", 0.5)])

    def _pool(self, mask: str) -> None:
        """The mean of the real tokens, of length 1."""
        weight = self._op("Unsqueeze", [mask, self._ints("axis_2", [2])])
        axis = self._ints("axis_1", [1])
        total = self._op("ReduceSum", [self._op("Mul", ["tokens", weight]), axis], keepdims=0)
        count = self._op("ReduceSum", [weight, axis], keepdims=0)
        mean = self._op("Div", [total, count])
        self._nodes.append(helper.make_node("LpNormalization", [mean], ["sentence"], axis=-1, p=2))

    def _dense(self, value: str, name: str) -> str:
        weight = self._constant(f"{name}.weight", self._weights[f"{name}.weight"].T)
        product = self._op("MatMul", [value, weight])
        return self._op("Add", [product, self._weight(f"{name}.bias")])

    def _norm(self, value: str, name: str) -> str:
        scale, shift = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        return self._op("LayerNormalization", [value, scale, shift], axis=-1, epsilon=_EPSILON)

    def _op(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        name = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def _weight(self, name: str) -> str:
        return self._constant(name, self._weights[name])

    def _float(self, name: str, value: float) -> str:
        return self._constant(name, np.array(value, dtype=np.float32))

    def _ints(self, name: str, values: list[int]) -> str:
        return self._constant(name, np.array(values, dtype=np.int64))

    def _constant(self, name: str, value: Any) -> str:
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name


def _shape(name: str, kind: int, last: str = "") -> Any:
    dimensions: list[str | int | None] = ["batch", "length"]
    dimensions += [WIDTH] if last else []
    return helper.make_tensor_value_info(name, kind, dimensions)


def _sentence_shape() -> Any:
    return helper.make_tensor_value_info("sentence", TensorProto.FLOAT, ["batch", WIDTH])
