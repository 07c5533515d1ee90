"""Names that run code, start processes, import, open files or sockets, or load another pickle.

The allow-list decides what is safe; this list only tells "unsafe" from "suspicious".
"""

from __future__ import annotations

# Any name in these modules, or in a module below them.
_MODULES = """
os posix nt ntpath posixpath subprocess _posixsubprocess _winapi sys socket _socket ssl
socketserver shutil runpy pty tty pdb bdb code codeop importlib _frozen_importlib
_frozen_importlib_external imp zipimport pkgutil pip setuptools distutils ensurepip venv site
sitecustomize ctypes _ctypes cffi multiprocessing threading _thread concurrent asyncio
webbrowser requests urllib urllib2 urllib3 http httplib ftplib smtplib telnetlib poplib imaplib
nntplib xmlrpc aiohttp httpx pickle _pickle cPickle pickletools marshal shelve dbm tempfile
_io fileinput glob platform timeit cProfile profile trace doctest idlelib lib2to3 pydoc
rlcompleter unittest test commands popen2 signal resource gc atexit logging sqlite3 mmap fcntl
cgitb cgi wsgiref inspect linecache traceback code dis py_compile compileall zipapp tarfile
zipfile antigravity this turtle tkinter curses readline IPython ipykernel jupyter_client
paramiko fabric pexpect invoke docker git sh plumbum psutil huggingface_hub mlflow
jsonpickle yaml jinja2 mako sympy numexpr cloudpickle.loads torch.hub torch.package
torch.distributed.elastic torch.distributed.rpc torch.multiprocessing torch._dynamo
torch._inductor torch.utils.cpp_extension torch.utils.collect_env torch.utils._config_module
torch.utils.bottleneck torch.utils.model_dump torch.utils.serialization
torch.testing torch.jit._script torch.fx numpy.testing numpy.f2py numpy.distutils
numpy.ctypeslib numpy.lib._npyio_impl numpy.lib.npyio pandas.io pandas.core.computation
tensorflow.python.lib.io sklearn.externals sklearn.utils._testing bokeh dask distributed
ray pyspark django flask celery
"""
DANGEROUS_MODULES = frozenset(_MODULES.split())
DANGEROUS: dict[str, frozenset[str]] = {
    module: frozenset(names.split())
    for module, names in {
        "builtins": "eval exec execfile compile open __import__ getattr setattr delattr globals "
        "locals vars apply input raw_input breakpoint file reload map filter memoryview type "
        "super property classmethod staticmethod help exit quit",
        "io": "open FileIO open_code OpenWrapper",
        "codecs": "open lookup register getincrementaldecoder",
        "operator": "attrgetter methodcaller call",
        "_operator": "attrgetter methodcaller call",
        "functools": "reduce partialmethod",
        "_functools": "reduce",
        "itertools": "starmap accumulate",
        "types": "FunctionType LambdaType MethodType ModuleType DynamicClassAttribute",
        "copyreg": "add_extension constructor pickle __newobj__ __newobj_ex__",
        "pathlib": "os io sys",
        "torch": "load save hub ops compile",
        "torch.serialization": "load",
        "torch.jit": "load",
        "joblib": "load",
        "numpy": "load fromfile memmap loadtxt genfromtxt save",
        "pandas": "read_pickle read_csv read_json eval",
        "dill": "load loads load_session load_module",
        "dill._dill": "load loads _import_module _load_type _eval_repr",
        "cloudpickle": "load loads",
        "builtins.object": "__subclasses__",
    }.items()
}
# Last parts that name an action whatever module carries them (re-exports and wrappers).
_NAMES = """
system popen Popen exec eval execfile exec_module exec_command check_output check_call
getoutput getstatusoutput spawn spawnl spawnv spawnve posix_spawn execv execve execl fork
runstring runsource runcode run_module run_path run_command run_string import_module
__import__ load_module load_library loads unsafe_load full_load urlopen urlretrieve rmtree
unlink __subclasses__ __globals__ __builtins__ __getattribute__ __getattr__ __setattr__
__code__ __class__ __mro__ __bases__ __dict__ __reduce__ __init_subclass__
"""
DANGEROUS_NAMES = frozenset(_NAMES.split())
# Build code objects or functions: nothing runs by loading, yet it is code and not data.
CODE_BUILDERS = frozenset(
    {
        ("types", "CodeType"),
        ("types", "CellType"),
        ("dill._dill", "_create_code"),
        ("dill._dill", "_create_function"),
        ("dill._dill", "_create_cell"),
        ("dill._dill", "_create_type"),
        ("cloudpickle.cloudpickle", "_make_function"),
        ("cloudpickle.cloudpickle", "_builtin_type"),
        ("cloudpickle.cloudpickle", "_make_skeleton_class"),
        ("cloudpickle.cloudpickle", "_function_setstate"),
    }
)


def is_dangerous(module: str, name: str) -> bool:
    """A dotted name is walked by the unpickler, so each of its parts counts."""
    parts = name.split(".")
    if _in_dangerous_module(module) or parts[-1] in DANGEROUS_NAMES:
        return True
    if parts[0] in DANGEROUS.get(module, frozenset()):
        return True
    inner = parts[:-1] if len(parts) > 1 else []
    return any(part in DANGEROUS_MODULES or part in DANGEROUS_NAMES for part in inner)


def _in_dangerous_module(module: str) -> bool:
    parts = module.split(".")
    prefixes = (".".join(parts[:end]) for end in range(1, len(parts) + 1))
    return any(prefix in DANGEROUS_MODULES for prefix in prefixes)
