"""TensorFlow: operations that reach files, Python or the network, in graphs and functions.

Format: https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/protobuf (SavedModel,
MetaGraphDef, SavedObjectGraph) and tensorflow/core/framework (GraphDef, FunctionDef, AttrValue).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from scanning.scanners._tensors.graph_format import GraphFormat
from scanning.scanners._tensors.keras_config import examine_config
from scanning.scanners._tensors.notes import Notes
from scanning.scanners._tensors.paths import leads_away
from scanning.scanners._tensors.protobuf import ANY, B, Message, N, S, Schema, Span, T, Walker
from scanning.scanners._tensors.tensorflow_names import FAMILIES, KNOWN
from scanning.scanners._tensors.tensorflow_paths import PathFlow
from scanning.scanners.base import Rule, Severity

_SECURE = "https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md"
RULES = {
    "tf_file_op": Rule("TensorFlow reads or writes files", _SECURE),
    "tf_python_op": Rule("TensorFlow calls Python", _SECURE),
    "tf_network_op": Rule("TensorFlow opens connections", _SECURE),
    "tf_reader_op": Rule("TensorFlow reads data of its own choice", _SECURE),
    "tf_foreign_op": Rule(
        "TensorFlow needs a foreign library", "https://cwe.mitre.org/data/definitions/829.html"
    ),
    "tf_asset_path": Rule(
        "An asset outside of the model", "https://cwe.mitre.org/data/definitions/22.html"
    ),
}
_FILE_NAMES = """
ReadFile WriteFile MatchingFiles ImmutableConst LoadLibrary DatasetToTFRecord
ExperimentalDatasetToTFRecord SaveDataset SaveDatasetV2 DistributedSave SqlDataset
ExperimentalSqlDataset LoadAndRemapMatrix CreateSummaryDbWriter WriteRawProtoSummary
DeleteFile RenameFile CopyFile MakeDir
"""
_READER_NAMES = """
TextLineReader TextLineReaderV2 WholeFileReader WholeFileReaderV2 FixedLengthRecordReader
FixedLengthRecordReaderV2 TFRecordReader TFRecordReaderV2 LMDBReader LMDBDataset
ExperimentalLMDBDataset TextLineDataset TFRecordDataset TFRecordDatasetV2
FixedLengthRecordDataset FixedLengthRecordDatasetV2 CSVDataset CSVDatasetV2 ExperimentalCSVDataset
LoadDataset SnapshotDataset SnapshotDatasetV2 SnapshotDatasetReader CacheDataset CacheDatasetV2
CreateSummaryFileWriter MatchingFilesDataset ExperimentalMatchingFilesDataset
GenerateVocabRemapping FileSystemSetConfiguration AssertCardinalityFile ReaderRead ReaderReadV2
ReaderReadUpTo ReaderReadUpToV2 RemoteCall
"""
_NETWORK_NAMES = """
Rpc TryRpc RpcCall RpcServer RpcServerStart RpcClient DataServiceDataset DataServiceDatasetV2
DataServiceDatasetV3 DataServiceDatasetV4 RegisterDataset RegisterDatasetV2 BigQueryReader
KafkaDataset KinesisDataset CollectiveInitializeCommunicator _Recv _Send
"""
FILE_OPS = frozenset(_FILE_NAMES.split())
READER_OPS = frozenset(_READER_NAMES.split())
NETWORK_OPS = frozenset(_NETWORK_NAMES.split())
_PYTHON = re.compile(r"PyFunc|Python|Py(?:Op|Call)\b|(?i:py_?func|pycall)")
# Operations of tensorflow-io, and such as call machine code by its name or bring it along.
_FOREIGN = re.compile(r"IO>|Io[A-Z]|XlaCustomCall|TRT|CreateTRT|InitializeTRT|SerializeTRT")
# Harmless or not by what their attributes say.
_BY_ATTRIBUTE = re.compile(r"Debug|PrintV2|DecodeProto|EncodeProto|RecordInput|Copy(?:Host)?\Z")
_OUTSIDE = re.compile(rb"(file|grpc|https?|gs|s3|hdfs)://")

_GRAPH: Schema = {
    "Graph": {1: "Node", 2: "Library", 3: N, 4: B, 5: B},
    "Library": {1: "Function", 2: B, 3: B},
    "Function": {1: "Signature", 3: "Node", 4: B, 5: B, 6: B, 7: B, 8: B},
    "Signature": {1: T, ANY: B},
    "Node": {1: T, 2: T, 3: T, 4: B, 5: B, 6: B, 7: B},
}
ATTRIBUTES: Schema = {
    "Entry": {1: T, 2: "Value"},
    "Value": {1: "List", 2: T, 8: "Tensor", ANY: B},
    "List": {2: T, ANY: B},
    "Tensor": {1: N, 8: T, ANY: B},
}
_KERAS_NODE: Schema = {"KerasNode": {1: B, 2: N, 3: T, 4: T, 5: T, 6: B}}


_KNOWN_FOR: tuple[tuple[Callable[[str], object], str, Severity, str], ...] = (
    (_PYTHON.search, "tf_python_op", Severity.MEDIUM, "calls Python from its graph"),
    (FILE_OPS.__contains__, "tf_file_op", Severity.HIGH, "reads or writes files from its graph"),
    (
        READER_OPS.__contains__,
        "tf_reader_op",
        Severity.MEDIUM,
        "reads data of its own choice from its graph",
    ),
    (_FOREIGN.match, "tf_foreign_op", Severity.MEDIUM, "needs an operation of a foreign library"),
    (
        NETWORK_OPS.__contains__,
        "tf_network_op",
        Severity.MEDIUM,
        "opens connections from its graph",
    ),
)


def judge_operation(notes: Notes, operation: str, where: str) -> bool:
    """Note what an operation of TensorFlow is known for, whoever runs it; whether it was any."""
    for is_it, rule, severity, message in _KNOWN_FOR:
        if is_it(operation):
            evidence = f"{operation} in {where}" if where else operation
            notes.add(rule, severity, message, evidence)
            return True
    return False


def is_known(operation: str) -> bool:
    """Whether TensorFlow itself defines it; any other is code that its reader must have."""
    return operation in KNOWN or bool(FAMILIES.fullmatch(operation))


def _is_outside(operation: str, word: bytes) -> bool:
    if operation == "RecordInput":  # a pattern of files; the others have addresses of their own
        return leads_away(word.decode("utf-8", "replace"))
    return bool(_OUTSIDE.search(word)) or word.startswith(b"/")


class _Operations(GraphFormat):
    """Nodes, wherever they stand."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type] # as the base class takes them
        self._functions: set[str] = set()
        self._called: set[str] = set()
        self._paths = PathFlow()

    def finish(self, root: Message) -> None:
        """An operation that is neither known nor a function of the graph is of some library."""
        super().finish(root)
        for operation in sorted(self._called - self._functions):
            message = "needs an operation that TensorFlow does not have"
            self.notes.add("tf_foreign_op", Severity.MEDIUM, message, f"{operation} in {self.name}")
        for operation, path in self._paths.found(self.reader, ATTRIBUTES):
            text = "saves to or reads from a path of its own choice"
            self.notes.add("tf_file_op", Severity.HIGH, text, f"{operation}: {path}")
        if self._paths.is_spent:
            self.notes.gap(f"{self.name}: more nodes than are followed")

    def visit(self, message: Message) -> None:
        if message.name == "Node":
            self._node(message)
        elif message.name == "Signature":
            self._functions |= set(message.texts(1))
        elif message.name in {"Graph", "Function"}:
            self._paths.close(message.span, is_function=message.name == "Function")
        elif message.name in {"UserObject", "KerasNode"}:
            self._keras(message)
        elif message.name == "Tensor info":
            self._paths.fed |= {name.partition(":")[0] for name in message.texts(1)}
        elif message.name == "Asset":
            self._asset(message)

    def _node(self, message: Message) -> None:
        self._paths.take(message)
        for operation in message.texts(2):
            if not judge_operation(self.notes, operation, self.name):
                self._called |= set() if is_known(operation) else {operation}
            if _BY_ATTRIBUTE.search(operation):
                self._by_attributes(operation, message.spans(5))

    def _by_attributes(self, operation: str, spans: list[Span]) -> None:
        position = self.reader.position

        def visit(message: Message) -> None:
            for word in message.fields.get(2, ()) if message.name in {"Value", "List"} else ():
                if isinstance(word, bytes) and _is_outside(operation, word):
                    text = "writes or sends what it computes"
                    evidence = f"{operation}: {word[:100].decode('utf-8', 'replace')}"
                    self.notes.add("tf_file_op", Severity.HIGH, text, evidence)

        for span in spans:
            Walker(self.reader, ATTRIBUTES, visit).walk("Entry", span)
        self.reader.move(position)

    def _keras(self, message: Message) -> None:
        """Keras keeps how to rebuild its layers beside the graph."""
        text = message.text(5 if message.name == "KerasNode" else 3)
        if text.lstrip().startswith("{"):
            examine_config(text, self.notes)

    def _asset(self, message: Message) -> None:
        for path in message.texts(2):
            if leads_away(path):
                text = "names an asset outside of its folder"
                self.notes.add("tf_asset_path", Severity.HIGH, text, path)


class SavedModel(_Operations):
    name = "SavedModel"
    root = "SavedModel"
    essence = (2,)
    schema: ClassVar[Schema] = {
        **_GRAPH,
        "SavedModel": {1: N, 2: "MetaGraph"},
        "MetaGraph": {1: B, 2: "Graph", 3: B, 4: B, 5: B, 6: "Asset", 7: "Objects"},
        "Asset": {1: "Tensor info", 2: T},
        "Tensor info": {1: T, ANY: B},
        "Objects": {1: "Object", 2: B},
        "Object": {1: B, 3: B, 4: "UserObject", 5: B, 6: B, 7: B, 8: B, 9: B, 10: B, 11: B,
                   12: B, 13: B, 14: B, 15: B, 16: B},
        "UserObject": {1: T, 2: B, 3: T},
    }  # fmt: skip


class MetaGraph(_Operations):
    """A .meta file beside a checkpoint."""

    name = "MetaGraphDef"
    root = "MetaGraph"
    essence = (2,)
    schema = SavedModel.schema


class FrozenGraph(_Operations):
    name = "GraphDef"
    root = "Graph"
    essence = (1, 2)
    schema = _GRAPH


class Fingerprint(GraphFormat):
    """The sums that TensorFlow keeps beside a SavedModel: numbers alone."""

    name = "Fingerprint"
    root = "Fingerprint"
    essence = (6,)
    schema: ClassVar[Schema] = {
        "Fingerprint": {1: N, 2: N, 3: N, 4: N, 5: N, 6: "Version", 7: T},
        "Version": {1: N, 2: N, 3: S},
    }

    def visit(self, message: Message) -> None:
        pass


class KerasMetadata(_Operations):
    name = "Keras metadata"
    root = "KerasMetadata"
    essence = (1,)
    schema: ClassVar[Schema] = {**_KERAS_NODE, "KerasMetadata": {1: "KerasNode"}}
