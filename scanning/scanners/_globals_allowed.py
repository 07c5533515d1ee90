"""Names that a pickle may reach: constructors that only hold data, by exact name.

To add one: read its `__init__`, `__new__`, `__setstate__`, `__setitem__` and `append` first; none
may open, import, call an argument or load another pickle.
"""

from __future__ import annotations

import re

_TENSORS: str = (
    "Double Float Half BFloat16 Long Int Short Char Byte Bool ComplexDouble ComplexFloat QInt8 "
    "QInt32 QUInt8 QUInt4x2 QUInt2x4 Untyped Typed"
)
_DTYPES: str = (
    "float64 float32 float16 bfloat16 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz "
    "int64 int32 int16 int8 uint8 uint16 uint32 uint64 bool complex64 complex128 qint8 qint32 "
    "quint8 strided sparse_coo sparse_csr per_tensor_affine per_channel_affine contiguous_format "
    "preserve_format channels_last"
)
_SCALARS: str = (
    "bool_ bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 intc intp uintc uintp float16 "
    "float32 float64 float128 longdouble complex64 complex128 clongdouble str_ bytes_ void "
    "datetime64 timedelta64 object_ dtype ndarray"
)
_NUMPY_ARRAYS = "_reconstruct scalar"
_REBUILD = (
    "_rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter "
    "_rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_tensor "
    "_rebuild_sparse_csr_tensor _rebuild_meta_tensor_no_storage _rebuild_nested_tensor "
    "_rebuild_device_tensor_from_numpy _rebuild_device_tensor_from_cpu_tensor"
)
_RANDOM = "__randomstate_ctor __generator_ctor __bit_generator_ctor"

_EXACT: dict[str, str] = {
    "builtins": "set frozenset list dict tuple int float complex bool str bytes bytearray slice "
    "range object NotImplemented Ellipsis",
    "collections": "OrderedDict defaultdict Counter deque",
    "copyreg": "_reconstructor",
    "datetime": "datetime date time timedelta timezone",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "uuid": "UUID SafeUUID",
    "pathlib": "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
    "array": "_array_reconstructor",
    "argparse": "Namespace",
    "types": "SimpleNamespace",
    "_codecs": "encode",
    "numpy": _SCALARS,
    "numpy.core.multiarray": _NUMPY_ARRAYS,
    "numpy._core.multiarray": _NUMPY_ARRAYS,
    "numpy.core.numeric": "_frombuffer",
    "numpy._core.numeric": "_frombuffer",
    "numpy.ma.core": "_mareconstruct MaskedArray MaskedConstant",
    "numpy.random": "RandomState Generator",
    "numpy.random._pickle": _RANDOM,
    "numpy.random._mt19937": "MT19937",
    "numpy.random._pcg64": "PCG64 PCG64DXSM",
    "numpy.random._philox": "Philox",
    "numpy.random._sfc64": "SFC64",
    "numpy.random.bit_generator": "SeedSequence __pyx_unpickle_SeedSequence",
    "joblib.numpy_pickle": "NumpyArrayWrapper",
    "torch": " ".join(f"{name}Storage" for name in _TENSORS.split())
    + f" {_DTYPES} Size device Tensor Generator",
    "torch._utils": _REBUILD,
    "torch._tensor": "_rebuild_from_type_v2",
    "torch.storage": "UntypedStorage TypedStorage",
    "torch.serialization": "_get_layout",
    "torch.nn.parameter": "Parameter UninitializedParameter Buffer",
    "torch.jit._pickle": "build_intlist build_tensorlist build_doublelist build_boollist "
    "build_tensor_from_id restore_type_tag",
    "transformers.training_args": "TrainingArguments OptimizerNames ParallelMode",
    "transformers.trainer_utils": "IntervalStrategy SchedulerType HubStrategy SaveStrategy "
    "EvaluationStrategy FSDPOption",
    "pandas.core.frame": "DataFrame",
    "pandas.core.series": "Series",
    "pandas.core.internals.managers": "BlockManager SingleBlockManager",
    "pandas.core.indexes.base": "Index _new_Index",
    "pandas.core.indexes.range": "RangeIndex",
    "pandas.core.indexes.multi": "MultiIndex",
    "pandas._libs.internals": "_unpickle_block",
    "pandas._libs.tslibs.timestamps": "Timestamp _unpickle_timestamp",
    "scipy.sparse._csr": "csr_matrix csr_array",
    "scipy.sparse._csc": "csc_matrix csc_array",
    "scipy.sparse._coo": "coo_matrix coo_array",
    "scipy.sparse.csr": "csr_matrix",
    "scipy.sparse.csc": "csc_matrix",
    "sklearn.utils": "Bunch",
    "sklearn.utils._bunch": "Bunch",
    "xgboost.core": "Booster",
    "lightgbm.basic": "Booster",
    "omegaconf.dictconfig": "DictConfig",
    "omegaconf.listconfig": "ListConfig",
    "omegaconf.base": "ContainerMetadata Metadata",
    "omegaconf.nodes": "AnyNode StringNode IntegerNode FloatNode BooleanNode",
}
ALLOWED: frozenset[tuple[str, str]] = frozenset(
    (module, name) for module, names in _EXACT.items() for name in names.split()
)

# Their `__init__` opens files or talks to the machine: allowed to be rebuilt without it only.
NEVER_CALLED = frozenset(
    {
        ("xgboost.core", "Booster"),
        ("lightgbm.basic", "Booster"),
        ("transformers.training_args", "TrainingArguments"),
    }
)

# Every class-like name (no dots, a capital first) in these modules only stores what it is given.
_CLASS_NAME = re.compile(r"_{0,2}[A-Z][A-Za-z0-9_]*\Z")
_TRUSTED_MODULES = re.compile(
    r"(?:sklearn\.(?:linear_model|ensemble|tree|svm|neighbors|preprocessing|pipeline|compose|"
    r"decomposition|cluster|naive_bayes|neural_network|impute|feature_selection|"
    r"feature_extraction|discriminant_analysis|calibration|multiclass|multioutput|isotonic|"
    r"gaussian_process|mixture|dummy|kernel_ridge|random_projection|metrics\._dist_metrics|"
    r"model_selection\._search|_loss)(?:\.\w+)*"
    r"|torch\.nn\.modules(?:\.\w+)+|torch\.optim(?:\.\w+)*"
    r"|xgboost\.sklearn|lightgbm\.sklearn)\Z"
)
# TorchScript's own namespace: read by its C++ reader, and no module Python could import.
_TORCHSCRIPT = re.compile(r"__torch__(?:\.\w+)*\Z")


def is_allowed(module: str, name: str) -> bool:
    if (module, name) in ALLOWED:
        return True
    if not _CLASS_NAME.match(name):
        return False
    return bool(_TRUSTED_MODULES.match(module) or _TORCHSCRIPT.match(module))
