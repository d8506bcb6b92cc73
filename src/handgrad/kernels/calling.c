/* A compiled kernel with its arguments as a function of Python: called without arguments it runs and gives the value.
 * What is used of Python belongs to its stable interface, and is declared here, so that its headers need not be installed. */
#include <stdint.h>

typedef struct _object PyObject;
extern PyObject *PyFloat_FromDouble(double);
extern void *PyLong_AsVoidPtr(PyObject *);
extern PyObject *PyErr_NoMemory(void);
extern void Py_IncRef(PyObject *);
extern void *PyEval_SaveThread(void);
extern void PyEval_RestoreThread(void *);

typedef struct {
  int (*run)(void **data, const int64_t *sizes, int threads);
  void **data;
  const int64_t *sizes;
  const double *wide;       /* where the value is, in double or in single precision */
  const float *single;
  PyObject *array;          /* or the array that is the value */
  int64_t threads, is_long; /* a long run lets other threads of Python go on meanwhile */
} hg_bound;

static PyObject *call(PyObject *address, PyObject *unused) {
  const hg_bound *const b = PyLong_AsVoidPtr(address);
  int failed;
  (void)unused;
  if (b->is_long) {
    void *const state = PyEval_SaveThread();
    failed = b->run(b->data, b->sizes, (int)b->threads);
    PyEval_RestoreThread(state);
  } else {
    failed = b->run(b->data, b->sizes, (int)b->threads);
  }
  if (failed) return PyErr_NoMemory();
  if (b->wide) return PyFloat_FromDouble(*b->wide);
  if (b->single) return PyFloat_FromDouble(*b->single);
  Py_IncRef(b->array);
  return b->array;
}

struct {
  const char *name;
  PyObject *(*function)(PyObject *, PyObject *);
  int flags;
  const char *doc;
} hg_method = {"bound", call, 0x0004, "The value, found anew from the arguments that were bound; the gradients are written into their buffers."};
