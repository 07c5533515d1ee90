"""Names that a pickle may reach: constructors that only hold data, by exact name.

To add one: read its `__init__`, `__new__`, `__setstate__`, `__setitem__` and `append` first; none
may open, import, call an argument or load another pickle.
"""

from __future__ import annotations

import re

from scanning.scanners._globals_families import (
    DTYPES,
    EXCEPTIONS,
    FUNCTIONAL,
    METRICS,
    NUMBERS_OF_NUMPY,
    NUMPY_ARRAYS,
    OPTAX_SCALES,
    PANDAS,
    RANDOM,
    REBUILD,
    SCALARS,
    TENSORS,
    TORCHAO,
    TRAINING,
)

_EXACT: dict[str, str] = {
    "builtins": "set frozenset list dict tuple int float complex bool str bytes bytearray slice "
    f"range object NotImplemented Ellipsis hash abs len round {EXCEPTIONS}",
    "http": "HTTPStatus HTTPMethod",
    "dateutil.relativedelta": "relativedelta",
    "dateutil._common": "weekday",
    "dateutil.tz.tz": "tzutc tzoffset",
    "pytz": "UTC _UTC _p",
    "pyarrow.lib": "type_for_alias py_buffer _restore_array",
    "collections": "OrderedDict defaultdict Counter deque",
    "copyreg": "_reconstructor __newobj__",
    "datetime": "datetime date time timedelta timezone",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "uuid": "UUID SafeUUID",
    "pathlib": "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
    "pathlib._local": "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
    "array": "array _array_reconstructor",
    "argparse": "Namespace",
    "types": "SimpleNamespace NoneType",
    "random": "Random",
    "re": "_compile",
    "functools": "partial",
    "operator": "itemgetter",
    "_operator": "itemgetter",
    "logging": "getLogger",
    "ipaddress": "IPv4Address IPv6Address IPv4Network IPv6Network IPv4Interface IPv6Interface",
    "zoneinfo": "ZoneInfo ZoneInfo._unpickle",
    "typing": "Any Union Optional List Dict Tuple Set Type Callable Sequence Mapping Iterable",
    "_codecs": "encode",
    "numpy": f"{SCALARS} {NUMBERS_OF_NUMPY} record recarray matrix vectorize",
    "numpy.core.multiarray": NUMPY_ARRAYS,
    "numpy._core.multiarray": NUMPY_ARRAYS,
    "numpy.core.numeric": "_frombuffer",
    "numpy._core.numeric": "_frombuffer",
    "numpy.ma": "MaskedArray",
    "numpy.ma.core": "_mareconstruct MaskedArray MaskedConstant",
    "numpy.rec": "recarray record",
    "numpy.dtypes": "StringDType",
    "numpy.matrixlib.defmatrix": "matrix",
    "numpy.random": "RandomState Generator",
    "numpy.random._pickle": RANDOM,
    "numpy.random._generator": "Generator",
    "numpy.random.mtrand": "RandomState",
    "numpy.random._mt19937": "MT19937",
    "numpy.random._pcg64": "PCG64 PCG64DXSM",
    "numpy.random._philox": "Philox",
    "numpy.random._sfc64": "SFC64",
    "numpy.random.bit_generator": "SeedSequence __pyx_unpickle_SeedSequence",
    "joblib.numpy_pickle": "NumpyArrayWrapper",
    "torch": " ".join(f"{name}Storage" for name in TENSORS.split())
    + f" {DTYPES} Size device Tensor Generator ScriptObject relu tanh sigmoid softmax",
    "torch._utils": REBUILD,
    "torch.nn.utils.rnn": "PackedSequence",
    "string": "Template",
    "torch.utils.hooks": "RemovableHandle",
    "torch._tensor": "_rebuild_from_type_v2",
    "torch.storage": "UntypedStorage TypedStorage",
    "torch.serialization": "_get_layout",
    "torch.nn.functional": FUNCTIONAL,
    "torch._C._nn": "gelu silu mish hardtanh linear leaky_relu elu hardswish hardsigmoid",
    "torch.nn.parameter": "Parameter UninitializedParameter Buffer UninitializedBuffer",
    "torch.nn.parallel.data_parallel": "DataParallel",
    "torch.optim.lr_scheduler": "CyclicLR._triangular_scale_fn CyclicLR._triangular2_scale_fn",
    "torch.nn.utils.parametrizations": "_WeightNorm _SpectralNorm",
    "torch.distributed.tensor": "DTensor",
    "torch.distributed.tensor.placement_types": "Shard Replicate Partial _StridedShard",
    "torch.distributed.tensor._dtensor_spec": "DTensorSpec TensorMeta ShardOrderEntry",
    "torch.distributed.device_mesh": "DeviceMesh",
    "torch.distributed.checkpoint.metadata": "Metadata BytesStorageMetadata TensorStorageMetadata "
    "ChunkStorageMetadata _MEM_FORMAT_ENCODING TensorProperties MetadataIndex StorageMeta",
    "torch.distributed.checkpoint.filesystem": "_StorageInfo",
    "torch.distributed._mesh_layout": "_MeshLayout _FlatLayout",
    "dill._dill": "_create_array",
    "gensim.utils": "call_on_class_only identity",
    "gensim.models.tfidfmodel": "df2idf",
    "gensim.models.phrases": "original_scorer npmi_scorer",
    "optax._src.base": "EmptyState",
    "optax._src.transform": OPTAX_SCALES,
    "torchvision.transforms.functional": "InterpolationMode",
    "jax._src.array": "_reconstruct_array",
    "flax.core.frozen_dict": "FrozenDict",
    "stable_baselines3.common.type_aliases": "TrainFreq TrainFrequencyUnit",
    "timm.layers.format": "Format",
    "torchao.quantization": TORCHAO,
    "tokenizers": "Tokenizer AddedToken",
    "tokenizers.models": "Model BPE Unigram WordLevel WordPiece",
    "torch.jit._pickle": "build_intlist build_tensorlist build_doublelist build_boollist "
    "build_tensor_from_id restore_type_tag",
    "accelerate.state": "PartialState AcceleratorState",
    "accelerate.utils.dataclasses": "DistributedType DeepSpeedPlugin GradientAccumulationPlugin "
    "FullyShardedDataParallelPlugin PrecisionType DynamoBackend ComputeEnvironment",
    "transformers.training_args": "TrainingArguments OptimizerNames ParallelMode",
    "transformers.training_args_seq2seq": "Seq2SeqTrainingArguments",
    "transformers.trainer_utils": TRAINING,
    "transformers.trainer_pt_utils": "AcceleratorConfig LabelSmoother",
    "transformers.utils.generic": "ExplicitEnum ModelOutput PaddingStrategy TensorType",
    "transformers.debug_utils": "DebugOption",
    "transformers.generation.configuration_utils": "GenerationConfig",
    "transformers.pytorch_utils": "Conv1D",
    "transformers.tokenization_utils_fast": "PreTrainedTokenizerFast",
    "transformers.tokenization_utils_tokenizers": "TokenizersBackend",
    "transformers.activations": "GELUActivation NewGELUActivation FastGELUActivation "
    "QuickGELUActivation SiLUActivation MishActivation ClippedGELUActivation ReLUSquaredActivation",
    "trl.trainer.sft_config": "SFTConfig",
    "trl.trainer.dpo_config": "DPOConfig",
    "trl.trainer.grpo_config": "GRPOConfig",
    "pytorch_lightning.utilities.parsing": "AttributeDict",
    "lightning.pytorch.utilities.parsing": "AttributeDict",
    "lightning.fabric.utilities.data": "AttributeDict",
    "lightning_fabric.utilities.data": "AttributeDict",
    "pandas": PANDAS,
    "pandas.core.frame": "DataFrame",
    "pandas.core.series": "Series",
    "pandas.core.internals.managers": "BlockManager SingleBlockManager",
    "pandas.core.internals.blocks": "new_block",
    "pandas.core.indexes.base": "Index _new_Index",
    "pandas.core.indexes.range": "RangeIndex",
    "pandas.core.indexes.multi": "MultiIndex",
    "pandas.core.indexes.numeric": "Int64Index Float64Index UInt64Index",
    "pandas.core.indexes.datetimes": "DatetimeIndex _new_DatetimeIndex",
    "pandas.core.indexes.period": "PeriodIndex _new_PeriodIndex",
    "pandas.core.indexes.timedeltas": "TimedeltaIndex",
    "pandas.core.indexes.interval": "IntervalIndex _new_IntervalIndex",
    "pandas.core.indexes.category": "CategoricalIndex",
    "pandas.core.indexes.frozen": "FrozenList",
    "pandas.core.flags": "Flags",
    "pandas._libs.internals": "_unpickle_block BlockPlacement",
    "pandas._libs.arrays": "__pyx_unpickle_NDArrayBacked",
    "pandas._libs.sparse": "IntIndex BlockIndex",
    "pandas._libs.interval": "__pyx_unpickle_IntervalMixin Interval",
    "pandas._libs.missing": "NA NAType",
    "pandas._libs.tslibs.timestamps": "Timestamp _unpickle_timestamp",
    "pandas._libs.tslibs.timedeltas": "Timedelta _timedelta_unpickle",
    "pandas._libs.tslibs.nattype": "_nat_unpickle NaTType",
    "pandas._libs.tslibs.period": "Period",
    **{
        f"scipy.sparse.{prefix}{kind}": f"{kind}_matrix {kind}_array"
        for prefix in ("", "_")
        for kind in ("csr", "csc", "coo", "bsr", "dia", "dok", "lil")
    },
    "scipy.spatial._ckdtree": "cKDTree cKDTreeNode",
    "scipy.spatial._kdtree": "KDTree",
    "scipy.stats._distn_infrastructure": "rv_continuous_frozen rv_discrete_frozen rv_frozen",
    "scipy.interpolate._bsplines": "BSpline",
    "scipy.interpolate._interpolate": "PPoly interp1d interp1d._call_linear "
    "interp1d._call_linear_np interp1d._call_nearest interp1d._call_previousnext "
    "interp1d._call_spline",
    "scipy.stats._kde": "gaussian_kde",
    "scipy._lib.array_api_compat.numpy._aliases": "asarray",
    "sklearn._loss._loss": "__pyx_unpickle_CyHalfMultinomialLoss",
    "sklearn.utils": "Bunch",
    "sklearn.utils._bunch": "Bunch",
    "sklearn.utils._metadata_requests": "MetadataRequest MethodMetadataRequest MetadataRouter "
    "MethodMapping",
    "sklearn.neighbors._kd_tree": "newObj",
    "sklearn.neighbors._ball_tree": "newObj",
    "sklearn.metrics._dist_metrics": "newObj",
    "sklearn.feature_selection._univariate_selection": "f_classif f_regression chi2 f_oneway "
    "r_regression",
    "sklearn.feature_selection._mutual_info": "mutual_info_classif mutual_info_regression",
    "sklearn.cluster._kmeans": "_kmeans_single_lloyd _kmeans_single_elkan",
    **METRICS,
    "sklearn.compose._column_transformer": "make_column_selector",
    "xgboost.core": "Booster",
    "xgboost.sklearn": "XGBClassifier XGBRegressor XGBRanker XGBRFClassifier XGBRFRegressor "
    "XGBModel",
    "lightgbm.basic": "Booster",
    "lightgbm.sklearn": "LGBMClassifier LGBMRegressor LGBMRanker LGBMModel",
    "catboost.core": "CatBoost CatBoostClassifier CatBoostRegressor CatBoostRanker",
    "omegaconf.dictconfig": "DictConfig",
    "omegaconf.listconfig": "ListConfig",
    "omegaconf.base": "ContainerMetadata Metadata SCMode",
    "omegaconf.nodes": "AnyNode StringNode IntegerNode FloatNode BooleanNode BytesNode PathNode "
    "EnumNode InterpolationResultNode",
}
ALLOWED: frozenset[tuple[str, str]] = frozenset(
    (module, name) for module, names in _EXACT.items() for name in names.split()
)

# Calling them opens files, talks to the machine or starts threads: rebuilt without `__init__` only.
_NEVER_CALLED = {
    "torchao.quantization": TORCHAO,
    "numpy": "vectorize",
    "torch": "ScriptObject",
    "torch.nn.parallel.data_parallel": "DataParallel",
    "xgboost.core": "Booster",
    "lightgbm.basic": "Booster",
    "catboost.core": "CatBoost CatBoostClassifier CatBoostRegressor CatBoostRanker",
    "transformers.training_args": "TrainingArguments",
    "transformers.training_args_seq2seq": "Seq2SeqTrainingArguments",
    "transformers.generation.configuration_utils": "GenerationConfig",
    "trl.trainer.sft_config": "SFTConfig",
    "trl.trainer.dpo_config": "DPOConfig",
    "trl.trainer.grpo_config": "GRPOConfig",
    "accelerate.state": "PartialState AcceleratorState",
    "accelerate.utils.dataclasses": "DeepSpeedPlugin FullyShardedDataParallelPlugin",
    "torch.distributed.tensor": "DTensor",
    "torch.distributed.device_mesh": "DeviceMesh",
    "transformers.tokenization_utils_fast": "PreTrainedTokenizerFast",
    "transformers.tokenization_utils_tokenizers": "TokenizersBackend",
    "scipy.stats._distn_infrastructure": "rv_continuous_frozen rv_discrete_frozen rv_frozen",
}
NEVER_CALLED: frozenset[tuple[str, str]] = frozenset(
    (module, name) for module, names in _NEVER_CALLED.items() for name in names.split()
)
# They only compute, though as much as their numbers say: kept by name, never called in a pickle.
_COMPUTING = {
    "numpy": NUMBERS_OF_NUMPY,
    "torch": "relu tanh sigmoid softmax",
    "torch.nn.functional": FUNCTIONAL,
}
COMPUTING: frozenset[tuple[str, str]] = frozenset(
    (module, name) for module, names in _COMPUTING.items() for name in names.split()
)

# Every class-like name (no dots, a capital first) in these modules only stores what it is given.
_CLASS_NAME = re.compile(r"_{0,2}[A-Z][A-Za-z0-9_]*\Z", re.ASCII)
_TRUSTED_MODULES = re.compile(
    r"(?:sklearn\.(?:linear_model|ensemble|tree|svm|neighbors|preprocessing|pipeline|compose|"
    r"decomposition|cluster|naive_bayes|neural_network|impute|feature_selection|"
    r"feature_extraction|discriminant_analysis|calibration|multiclass|multioutput|isotonic|"
    r"gaussian_process|mixture|dummy|kernel_ridge|random_projection|metrics\._dist_metrics|"
    r"metrics\._scorer|model_selection\._search(?:_successive_halving)?|model_selection\._split|cross_decomposition|"
    r"model_selection\._classification_threshold|covariance|kernel_approximation|manifold|"
    r"semi_supervised|frozen|_loss)(?:\.\w+)*"
    r"|torch\.nn\.modules(?:\.\w+)+|torch\.optim(?:\.\w+)*|torch\.ao\.nn(?:\.\w+)+"
    r"|pandas\.arrays|pandas\.core\.arrays(?:\.\w+)*|pandas\.core\.dtypes\.dtypes"
    r"|pandas\._libs\.tslibs\.offsets|numpy\.dtypes"
    r")\Z",
    re.ASCII,
)
# Classes of networks and settings: their instances are rebuilt from their state, never constructed.
_REBUILT_MODULES = re.compile(
    r"(?:transformers\.models\.\w+\.(?:modeling|configuration|tokenization)_\w+"
    r"|torchvision\.(?:models|ops|transforms)(?:\.\w+)*|timm\.(?:models|layers)(?:\.\w+)*"
    r"|(?:pytorch_lightning|lightning\.pytorch)\.callbacks(?:\.\w+)*"
    r"|torch\.nn\.utils\.(?:weight_norm|spectral_norm|prune)"
    r"|gensim\.(?:models|corpora)(?:\.\w+)*|(?:gymnasium|gym)\.spaces(?:\.\w+)*"
    r"|stable_baselines3\.(?:common\.(?:policies|buffers|utils|torch_layers|distributions|noise"
    r"|running_mean_std|vec_env\.vec_normalize)|(?:ppo|a2c|dqn|sac|td3|ddpg)\.policies)"
    r"|scipy\.(?:interpolate|spatial|spatial\.transform)\._\w+|scipy\.optimize\._optimize"
    r"|scipy\.stats\._(?:stats_py|hypotests|morestats|binomtest|result_classes))\Z",
    re.ASCII,
)
# Distributions that a search over parameters draws from; their template is looked at on its own.
_DISTRIBUTIONS = re.compile(r"scipy\.stats\._(?:continuous|discrete)_distns\Z")
# Such modules import classes of others too: these make classes or files.
_FACTORIES = "ABCMeta ABC StringIO BytesIO Path Parallel Memory NamedTuple TypedDict Protocol"
_NOT_DATA = frozenset(_FACTORIES.split())
# TorchScript's own namespace: read by its C++ reader, and no module Python could import.
_TORCHSCRIPT = re.compile(r"__torch__(?:\.\w+)*\Z", re.ASCII)


def is_allowed(module: str, name: str) -> bool:
    if (module, name) in ALLOWED:
        return True
    if _DISTRIBUTIONS.match(module):
        return name.endswith("_gen") and name.isidentifier()
    if not _CLASS_NAME.match(name) or name in _NOT_DATA:
        return False
    patterns = (_TRUSTED_MODULES, _REBUILT_MODULES, _TORCHSCRIPT)
    return any(pattern.match(module) for pattern in patterns)


def is_distribution(module: str) -> bool:
    return bool(_DISTRIBUTIONS.match(module))


def is_never_called(module: str, name: str) -> bool:
    if (module, name) in ALLOWED:
        return (module, name) in NEVER_CALLED
    return bool(_REBUILT_MODULES.match(module) or _DISTRIBUTIONS.match(module))
