"""Builds very small .tflite files for tests: the mean colour of a picture, then one dense layer."""

from __future__ import annotations

import hashlib

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def mean_colour_net(side: int, weights: Floats, bias: Floats) -> bytes:
    """A net of input 1 x side x side x 3 whose output is weights @ (mean of each channel) + bias.

    `weights`: outputs x 3. Written through the schema that the runtime ships, so that it is a true model file.
    """
    outputs = weights.shape[0]
    buffers = [_buffer(None), _buffer(np.array([1, 2], np.int32)), _buffer(weights), _buffer(bias)]
    kind = schema.TensorType
    tensors = [
        _tensor("picture", (1, side, side, 3), kind.FLOAT32, 0),
        _tensor("axes", (2,), kind.INT32, 1),
        _tensor("colour", (1, 3), kind.FLOAT32, 0),
        _tensor("weights", (outputs, 3), kind.FLOAT32, 2),
        _tensor("bias", (outputs,), kind.FLOAT32, 3),
        _tensor("answer", (1, outputs), kind.FLOAT32, 0),
    ]
    operator = schema.BuiltinOperator
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs = tensors, [0], [5]
    graph.operators = [
        _operator(0, [0, 1], [2], schema.BuiltinOptions.ReducerOptions, schema.ReducerOptionsT()),
        _operator(1, [2, 3, 4], [5], schema.BuiltinOptions.FullyConnectedOptions, schema.FullyConnectedOptionsT()),
    ]
    return _packed(graph, buffers, [operator.MEAN, operator.FULLY_CONNECTED])


def quantised_identity_net(scale: float, zero: int) -> bytes:
    """An int8 net of input and output 1 x 4 that only reshapes: what goes in comes out, quantised on the way."""
    tensors = [_tensor(name, (1, 4), schema.TensorType.INT8, 0) for name in ("given", "answer")]
    for tensor in tensors:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [zero]
    tensors.append(_tensor("shape", (2,), schema.TensorType.INT32, 1))
    options = schema.ReshapeOptionsT()
    options.newShape = [1, 4]
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs = tensors, [0], [1]
    graph.operators = [_operator(0, [0, 2], [1], schema.BuiltinOptions.ReshapeOptions, options)]
    return _packed(graph, [_buffer(None), _buffer(np.array([1, 4], np.int32))], [schema.BuiltinOperator.RESHAPE])


def _buffer(values: NDArray[np.generic] | None) -> schema.BufferT:
    buffer = schema.BufferT()
    if values is not None:
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
    return buffer


def _tensor(name: str, shape: tuple[int, ...], kind: int, buffer: int) -> schema.TensorT:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name.encode(), list(shape), kind, buffer
    return tensor


def _operator(code: int, given: list[int], answers: list[int], kind: int, options: object) -> schema.OperatorT:
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = code, given, answers
    operator.builtinOptionsType, operator.builtinOptions = kind, options
    return operator


def _packed(graph: schema.SubGraphT, buffers: list[schema.BufferT], codes: list[int]) -> bytes:
    model = schema.ModelT()
    model.version, model.subgraphs, model.buffers, model.operatorCodes = 3, [graph], buffers, []
    for code in codes:
        row = schema.OperatorCodeT()
        row.builtinCode = row.deprecatedBuiltinCode = code
        row.version = 1
        model.operatorCodes.append(row)
    builder = schema.flatbuffers.Builder(1024)  # the schema's own; the package has no types
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
