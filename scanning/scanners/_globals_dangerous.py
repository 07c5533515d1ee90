"""Names that run code, start processes, import, open files or sockets, or load another pickle.

The allow-list decides what is safe; this list only tells "unsafe" from "suspicious". The standard
library is taken to be dangerous as a whole: what in it only holds data is named, since gadgets are
found in its far corners every year and no model needs them.
"""

from __future__ import annotations

import sys

# Standard modules where an unknown name is odd and no known way to run code.
_QUIET_NAMES = """
__future__ abc array binascii bisect builtins cmath codecs collections
colorsys contextvars copy copyreg dataclasses datetime decimal difflib encodings enum errno
fractions functools graphlib hashlib heapq hmac io ipaddress itertools json keyword
math numbers operator _operator _functools _codecs _collections _datetime _decimal _random
_struct _weakref _weakrefset _abc _sre pathlib queue random re sre_compile sre_parse
sre_constants reprlib secrets statistics string stringprep struct textwrap time token types
typing unicodedata warnings weakref zlib zoneinfo argparse
"""
_QUIET = frozenset(_QUIET_NAMES.split())
# Python 2, modules that later versions dropped, and installed packages; with all below them.
_ELSEWHERE = """
antigravity asynchat asyncore cPickle cStringIO cgi cgitb commands crypt distutils httplib imp
lib2to3 nntplib pip popen2 pyximport setuptools smtpd telnetlib urllib2 urlparse xmlrpclib
SimpleHTTPServer BaseHTTPServer SocketServer __main__.__builtins__ ensurepip wheel pkg_resources
_winapi _winreg nt ntpath posix posixpath _posixsubprocess _ctypes _socket _pickle _io requests
urllib3 aiohttp httpx httpcore httpx2 websocket websockets tornado twisted gevent eventlet cffi
pycparser psutil pexpect ptyprocess paramiko fabric invoke plumbum sh docker git delegator IPython
ipykernel ipywidgets jupyter jupyter_client jupyter_core nbformat notebook jsonpickle yaml ruamel
jinja2 mako chameleon tornado.template sympy numexpr asteval simpleeval RestrictedPython hydra
fire click typer celery rq huey dramatiq django flask fastapi uvicorn gunicorn bokeh dash
streamlit gradio dask distributed ray pyspark mlflow wandb comet_ml huggingface_hub datasets.load
smart_open fsspec s3fs gcsfs boto3 botocore sqlalchemy psycopg psycopg2 pymysql redis kombu
pymongo execnet rpyc Pyro4 Pyro5 zmq pytest _pytest nose hypothesis mock tox virtualenv Cython
cython numba pycuda cupy.RawKernel torch.hub torch.package torch.distributed torch.multiprocessing
torch._dynamo torch._inductor torch.utils.cpp_extension torch.utils.collect_env
torch.utils._config_module torch.utils.backend_registration torch.utils.bottleneck
torch.utils.model_dump torch.utils.serialization torch.utils.show_pickle
torch.utils._config_typing torch.utils.hipify torch.utils.tensorboard
torch.utils._cpp_extension_versioner torch.utils.model_zoo torch.utils.throughput_benchmark
torch.utils.benchmark torch.utils._freeze torch.utils._triton torch._C._distributed_rpc
torch.testing torch.jit torch.fx torch.onnx torch.export torch._export torch._appdirs
torch.__config__ torch._lobpcg torch._ops torch.ops torch.classes torch._classes torch._custom_ops
torch.library torch.serialization torch.cuda._memory_viz torch.monitor torch.profiler
torch.autograd.profiler torch._logging torch._functorch torch._higher_order_ops torch._sources
numpy.testing numpy._utils numpy.f2py numpy.distutils numpy.ctypeslib numpy.lib numpy.compat
numpy.core._internal numpy._core._internal numpy.core.records numpy._core.records
numpy.core._methods numpy._core._methods numpy.core.memmap numpy._core.memmap numpy._pytesttester
numpy.conftest numpy.exec_command numpy.array_api pandas.io pandas.core.computation pandas.compat
pandas.util pandas.plotting pandas._testing pandas.testing scipy._lib._testutils scipy._lib._bunch
scipy._lib._ccallback scipy._lib.decorator scipy.io scipy.weave scipy.misc scipy.datasets
scipy.conftest scipy.stats._distn_infrastructure sklearn.externals sklearn.utils._testing
sklearn.datasets sklearn.conftest joblib.externals joblib._parallel_backends joblib.executor
joblib.pool joblib.memory joblib.parallel joblib.numpy_pickle_compat joblib.func_inspect
joblib._store_backends joblib.disk joblib.compressor tensorflow.python tensorflow.io
keras.src.saving keras.saving keras.utils keras.models tensorflow.keras.utils
tensorflow.keras.models tensorflow.compat transformers.dynamic_module_utils transformers.utils.hub
transformers.pipelines transformers.agents transformers.testing_utils transformers.commands
transformers.models.auto accelerate.commands accelerate.utils.launch lightning.app
pytorch_lightning.cli onnxruntime openvino xgboost.testing xgboost.dask lightgbm.dask
catboost.utils catboost.widget _testcapi _testinternalcapi _xxsubinterpreters _interpreters
test.support PIL.ImageMath PIL.ImageShow PIL.ImageGrab PIL.EpsImagePlugin PIL.ImageFont lxml
selenium playwright rpy2 lupa js2py execjs jpype py4j win32com win32api pyautogui pynput keyboard
pyperclip nmap scapy ldap3 dns peewee tinydb diskcache sqlitedict patsy.eval werkzeug pyramid paste
zope mypy black pylint sphinx docutils anyio trio curio duckdb matplotlib.texmanager
matplotlib.testing nltk.downloader catalogue confection weasel hydra_zen gin jsonargparse srsly
llvmlite numpy.lib.npyio torch.utils.data.datapipes google.cloud azure vllm tensorrt tflite_runtime
monai.bundle sklearn.utils.parallel keras.src.layers.core.lambda_layer
"""
DANGEROUS_MODULES = (frozenset(sys.stdlib_module_names) - _QUIET) | frozenset(_ELSEWHERE.split())
DANGEROUS: dict[str, frozenset[str]] = {
    module: frozenset(names.split())
    for module, names in {
        "builtins": "eval exec execfile compile open __import__ getattr setattr delattr hasattr "
        "globals locals vars dir apply input raw_input breakpoint file reload map filter "
        "memoryview type super property classmethod staticmethod help exit quit license copyright "
        "credits iter next sorted min max __build_class__ __loader__ __spec__ print aiter anext",
        "io": "open FileIO open_code OpenWrapper TextIOWrapper BufferedWriter BufferedReader",
        "codecs": "open lookup register getincrementaldecoder getreader getwriter EncodedFile",
        "_codecs": "lookup register register_error lookup_error",
        "operator": "attrgetter methodcaller call setitem delitem iadd",
        "_operator": "attrgetter methodcaller call setitem delitem iadd",
        "functools": "reduce partialmethod singledispatch cached_property update_wrapper wraps "
        "singledispatchmethod lru_cache cache total_ordering cmp_to_key",
        "_functools": "reduce cmp_to_key",
        "itertools": "starmap accumulate groupby filterfalse takewhile dropwhile tee",
        "types": "FunctionType LambdaType MethodType ModuleType DynamicClassAttribute new_class "
        "prepare_class coroutine GenericAlias BuiltinFunctionType MethodWrapperType",
        "typing": "get_type_hints ForwardRef NamedTuple _eval_type evaluate_forward_ref",
        "collections": "namedtuple _sys _itemgetter UserDict.fromkeys",
        "dataclasses": "make_dataclass _create_fn dataclass",
        "enum": "_simple_enum global_enum _make_class_unpicklable sys",
        "copyreg": "add_extension constructor pickle remove_extension clear_extension_cache",
        "copy": "_reconstruct copy deepcopy replace",
        "weakref": "finalize",
        "contextlib": "ExitStack contextmanager closing redirect_stdout",
        "warnings": "showwarning warn_explicit _processoptions _getcategory",
        "encodings": "search_function",
        "pathlib": "os io sys Path PosixPath WindowsPath PurePath PurePosixPath",
        "pathlib._local": "os io sys Path PosixPath WindowsPath",
        "string": "Formatter",
        "numpy": "load fromfile memmap loadtxt genfromtxt save savez savetxt savez_compressed "
        "fromregex apply_along_axis apply_over_axes piecewise vectorize frompyfunc fromfunction "
        "source info lookfor test distutils f2py show_config DataSource fromiter tofile "
        "deprecate getbufsize set_printoptions runtests",
        "torch": "load save hub ops compile classes import_ir_module _dynamo _inductor "
        "set_default_tensor_type jit package from_file _import_dotted_name vmap",
        "torch._utils": "_import_dotted_name classproperty ExceptionWrapper",
        "torch.storage": "_load_from_bytes",
        "joblib": "load dump Parallel Memory delayed wrap_non_picklable_objects",
        "joblib.numpy_pickle": "load dump load_temporary_memmap _unpickle "
        "NumpyUnpickler read_array",
        "pandas": "read_pickle read_csv read_json eval read_hdf read_sql read_html read_table "
        "read_fwf read_excel read_parquet read_feather read_orc read_sas read_spss read_stata "
        "read_xml read_clipboard to_pickle ExcelFile ExcelWriter HDFStore io",
        "numpy.core.multiarray": "fromfile _fastCopyAndTranspose set_typeDict",
        "numpy._core.multiarray": "fromfile",
        "scipy.stats": "rv_continuous rv_discrete",
        "dill": "load loads load_session load_module load_module_asdict dump dump_session source",
        "dill._dill": "load loads _import_module _load_type _eval_repr _get_attr _getattribute "
        "_create_filehandle _create_stringi _create_stringo _create_ftype _create_namedtuple "
        "_create_lock _create_weakproxy _create_weakref load_session load_module",
        "dill.session": "load_module load_session dump_module",
        "dill.source": "getimport importable",
        "cloudpickle": "load loads",
        "cloudpickle.cloudpickle": "load loads subimport _gen_ellipsis dynamic_subimport "
        "_lookup_module_and_qualname instance parametrized_type_hint_getinitargs",
        "sklearn.utils": "_testing _safe_accept io",
        "xgboost": "train cv",
        "keras": "models saving utils",
        "tensorflow": "io py_function numpy_function raw_ops saved_model",
        "transformers": "pipeline AutoModel AutoTokenizer AutoConfig AutoModelForCausalLM",
        "omegaconf": "OmegaConf",
        "omegaconf.omegaconf": "OmegaConf register_default_resolvers",
        "nltk": "download",
        "spacy": "load cli",
    }.items()
}
# Last parts that name an action whatever module carries them (re-exports and wrappers).
_NAMES = """
system popen Popen exec eval execfile exec_module exec_command check_output check_call getoutput
getstatusoutput getoutputs spawnl spawnv spawnve spawnvp posix_spawn execv execve execl execvp
fork forkpty startfile run_shell runcmd run_cmd shell_exec runstring runsource runcode run_module
run_path run_command run_string run_code run_file run_script runscript runeval runctx
run_line_magic safe_execfile _run_code _exec exec_ import_module importlib import_from_string
import_string import_by_name resolve_name resolve_dotted_name import_dotted_name
_import_dotted_name locate _import_module import_item load_module load_source load_compiled
load_dynamic load_library loads unsafe_load full_load load_pickle unpickle read_pickle
_load_from_bytes torch_load pickle_load joblib_load urlopen urlretrieve download_url download_file
load_url load_state_dict_from_url rmtree unlink copyfile copytree removedirs write_text
write_bytes getattr setattr attrgetter methodcaller __import__ __subclasses__ __globals__
__builtins__ __getattribute__ __getattr__ __setattr__ __code__ __class__ __mro__ __bases__
__base__ __dict__ __reduce__ __reduce_ex__ __init_subclass__ __self__ __func__ __wrapped__
__loader__ __spec__ __closure__ __module__ __subclasshook__ __delattr__ __call__ __get__ __set__
__del__ __init__ __new__ spawnv_passfds pure_callback get_class_in_module
"""
DANGEROUS_NAMES = frozenset(_NAMES.split())
# Build code objects or functions: nothing runs by loading, yet it is code and not data.
CODE_BUILDERS = frozenset(
    (module, name)
    for module, names in {
        "types": "CodeType CellType",
        "dill._dill": "_create_code _create_function _create_cell _create_type _create_array "
        "_create_typing_tuple _create_rtype _get_cell_contents",
        "cloudpickle.cloudpickle": "_make_function _builtin_type _make_skeleton_class "
        "_function_setstate _class_setstate _make_empty_cell _make_cell _make_skeleton_enum "
        "_cell_set_factory _make_dict_keys _make_skel_func _fill_function "
        "_rehydrate_skeleton_class",
    }.items()
    for name in names.split()
)


def is_dangerous(module: str, name: str) -> bool:
    """A dotted name is walked by the unpickler, so each of its parts counts."""
    parts = name.split(".")
    if (module, name) in CODE_BUILDERS:
        return False
    if _in_dangerous_module(module) or parts[-1] in DANGEROUS_NAMES:
        return True
    if parts[0] in DANGEROUS.get(module, frozenset()):
        return True
    inner = parts[:-1]
    return any(part in DANGEROUS_MODULES or part in DANGEROUS_NAMES for part in inner)


def _in_dangerous_module(module: str) -> bool:
    parts = module.split(".")
    prefixes = (".".join(parts[:end]) for end in range(1, len(parts) + 1))
    return any(prefix in DANGEROUS_MODULES for prefix in prefixes)
