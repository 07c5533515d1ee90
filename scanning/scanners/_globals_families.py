"""Names that belong together, for the table of what a pickle may reach."""

from __future__ import annotations

TENSORS: str = (
    "Double Float Half BFloat16 Long Int Short Char Byte Bool ComplexDouble ComplexFloat QInt8 "
    "QInt32 QUInt8 QUInt4x2 QUInt2x4 Untyped Typed"
)
DTYPES: str = (
    "float64 float32 float16 bfloat16 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz "
    "int64 int32 int16 int8 uint8 uint16 uint32 uint64 bool complex64 complex128 qint8 qint32 "
    "quint8 strided sparse_coo sparse_csr per_tensor_affine per_channel_affine contiguous_format "
    "preserve_format channels_last"
)
SCALARS: str = (
    "bool_ bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 intc intp uintc uintp float16 "
    "float32 float64 float128 longdouble complex64 complex128 clongdouble str_ bytes_ void "
    "datetime64 timedelta64 object_ dtype ndarray"
)
NUMPY_ARRAYS = "_reconstruct scalar"
REBUILD = (
    "_rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter "
    "_rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_tensor "
    "_rebuild_sparse_csr_tensor _rebuild_meta_tensor_no_storage _rebuild_nested_tensor "
    "_rebuild_wrapper_subclass "
    "_rebuild_device_tensor_from_numpy _rebuild_device_tensor_from_cpu_tensor"
)
RANDOM = "__randomstate_ctor __generator_ctor __bit_generator_ctor"

NUMBERS_OF_NUMPY = (
    "add subtract multiply divide true_divide floor_divide power mod remainder abs absolute fabs "
    "sign exp exp2 expm1 log log2 log10 log1p sqrt square cbrt reciprocal sin cos tan arcsin "
    "arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh hypot deg2rad rad2deg degrees "
    "radians maximum minimum fmax fmin floor ceil trunc rint round around clip isfinite isinf "
    "isnan logical_and logical_or logical_not logical_xor equal not_equal less less_equal greater "
    "greater_equal negative positive mean nanmean median nanmedian sum nansum prod std nanstd var "
    "nanvar max min amax amin nanmax nanmin argmax argmin ptp percentile nanpercentile quantile "
    "asarray array zeros_like ones_like nan_to_num ravel dot matmul where unique sort argsort "
    "cumsum cumprod linspace expit logaddexp"
)
FUNCTIONAL = (
    "relu relu6 gelu silu mish elu selu celu leaky_relu prelu rrelu tanh sigmoid hardtanh "
    "hardswish hardsigmoid logsigmoid softplus softsign tanhshrink softshrink hardshrink softmax "
    "log_softmax softmin threshold glu linear dropout normalize one_hot interpolate pad "
    "cross_entropy nll_loss mse_loss l1_loss smooth_l1_loss huber_loss kl_div "
    "binary_cross_entropy binary_cross_entropy_with_logits cosine_similarity pairwise_distance "
    "layer_norm batch_norm group_norm instance_norm embedding conv1d conv2d conv3d "
    "scaled_dot_product_attention max_pool2d avg_pool2d adaptive_avg_pool2d"
)
PANDAS = (
    "DataFrame Series Index MultiIndex RangeIndex DatetimeIndex TimedeltaIndex PeriodIndex "
    "IntervalIndex CategoricalIndex Categorical Timestamp Timedelta Period Interval NaT NA "
    "StringDtype CategoricalDtype DatetimeTZDtype PeriodDtype IntervalDtype SparseDtype "
    "BooleanDtype Int8Dtype Int16Dtype Int32Dtype Int64Dtype UInt8Dtype UInt16Dtype UInt32Dtype "
    "UInt64Dtype Float32Dtype Float64Dtype DateOffset"
)
TRAINING = (
    "IntervalStrategy SchedulerType HubStrategy SaveStrategy EvaluationStrategy FSDPOption "
    "EvalPrediction ShardedDDPOption RemoveColumnsCollator"
)
METRICS = {
    "sklearn.metrics._classification": "accuracy_score f1_score fbeta_score precision_score "
    "recall_score balanced_accuracy_score jaccard_score log_loss matthews_corrcoef "
    "cohen_kappa_score hamming_loss zero_one_loss brier_score_loss",
    "sklearn.metrics._regression": "r2_score mean_squared_error mean_absolute_error max_error "
    "root_mean_squared_error median_absolute_error explained_variance_score "
    "mean_absolute_percentage_error mean_squared_log_error",
    "sklearn.metrics._ranking": "roc_auc_score average_precision_score top_k_accuracy_score",
}
TORCHAO = (
    "Int8Tensor Int4Tensor Int4PreshuffledTensor Int4PlainInt32Tensor Int4TilePackedTo4dTensor "
    "Float8Tensor IntxUnpackedToInt8Tensor IntxOpaqueTensor"
)
OPTAX_SCALES = (  # named tuples
    "ScaleByAdamState ScaleByAmsgradState ScaleByRmsState ScaleByRmsWithCountState ScaleByRssState "
    "ScaleByRStdDevState ScaleByLionState ScaleByScheduleState ScaleByBeliefState "
    "ScaleByNovogradState ScaleByAdaDeltaState ScaleByAdanState ScaleBySM3State"
)

EXCEPTIONS = (
    "BaseException Exception ArithmeticError AssertionError AttributeError BufferError EOFError "
    "FloatingPointError ImportError IndexError KeyError KeyboardInterrupt LookupError MemoryError "
    "ModuleNotFoundError NameError NotImplementedError OSError OverflowError PermissionError "
    "RecursionError ReferenceError RuntimeError StopAsyncIteration StopIteration SyntaxError "
    "SystemError TimeoutError TypeError UnicodeError ValueError ZeroDivisionError "
    "FileExistsError FileNotFoundError ConnectionError Warning UserWarning DeprecationWarning "
    "FutureWarning RuntimeWarning"
)
