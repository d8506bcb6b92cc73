/* What generated kernels share: work handed to parked threads in chunks, and the functions that have no other home.
 * Chunks are of one size for any number of threads and are added up in their order, so that results do not depend on the threads. */
#ifndef HG_RUNTIME_H
#define HG_RUNTIME_H
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if !defined(_WIN32)
#include <pthread.h>
#include <unistd.h>
#endif
#if defined(__GNUC__)
#define HG_INLINE static inline __attribute__((always_inline, unused))
#else
#define HG_INLINE static inline
#endif

HG_INLINE int32_t hg_least(int32_t a, int32_t b) { return a < b ? a : b; }
HG_INLINE double hg_square(double x) { return x * x; }
HG_INLINE double hg_clip(double x, double lo, double hi) { return x < lo ? lo : (x > hi ? hi : x); }
/* The power of two at or below |x|, of subnormal x the least normal one; 1 for zero, infinite and nan. */
HG_INLINE double hg_power_of_two(double x) {
  union { double d; uint64_t u; } v;
  v.d = x;
  v.u &= 0x7ff0000000000000ull;
  return v.u == 0x7ff0000000000000ull || x == 0.0 ? 1.0 : v.u == 0 ? 0x1p-1022 : v.d;
}

/* Room for so many entries of a size, and some to align; none where there are too many for the machine. The count is a double: it cannot overflow. */
static void *__attribute__((unused)) hg_room(double entries, size_t size) { return entries < 0x1p56 ? malloc((size_t)entries * size + 64) : 0; }

/* Copies finished results; those that are too many for the caches go past them, since to fetch what is written over costs as much again. */
#if defined(__SSE2__) && defined(__GNUC__)
#if defined(__AVX512F__)
#define HG_LINE 64
#define HG_PAST(to, line) __builtin_ia32_movntps512((float *)(to), line)
#elif defined(__AVX__)
#define HG_LINE 32
#define HG_PAST(to, line) __builtin_ia32_movntps256((float *)(to), line)
#else
#define HG_LINE 16
#define HG_PAST(to, line) __builtin_ia32_movntps((float *)(to), line)
#endif
typedef float hg_line __attribute__((vector_size(HG_LINE)));
#if defined(__clang__)
#undef HG_PAST
#define HG_PAST(to, line) __builtin_nontemporal_store(line, (hg_line *)(to))
#endif
#endif
static void __attribute__((unused)) hg_copy(void *to, const void *from, size_t bytes, int past) {
#if defined(HG_LINE)
  if (past) {
    char *t = to;
    const char *f = from;
    size_t head = (size_t)(-(uintptr_t)t) & (HG_LINE - 1);
    if (head > bytes) head = bytes;
    memcpy(t, f, head);
    for (bytes -= head, t += head, f += head; bytes >= HG_LINE; bytes -= HG_LINE, t += HG_LINE, f += HG_LINE) {
      hg_line line;
      memcpy(&line, f, sizeof line);
      HG_PAST(t, line);
    }
    memcpy(t, f, bytes);
    return;
  }
#endif
  (void)past;
  memcpy(to, from, bytes);
}

static void __attribute__((unused)) hg_settled(int past) {
#if defined(HG_LINE)
  if (past) __builtin_ia32_sfence();
#endif
  (void)past;
}

/* How many bytes the last cache holds. */
static int64_t __attribute__((unused)) hg_cache(void) {
#if defined(_SC_LEVEL3_CACHE_SIZE)
  const int64_t held = sysconf(_SC_LEVEL3_CACHE_SIZE);
  if (held > 0) return held;
#endif
  return 16 << 20;
}

typedef void (*hg_work)(void *state, int64_t chunk, int worker);

#if !defined(_WIN32)
/* A pool of parked threads, one a process and kernel; a fork leaves the child without threads, and it makes its own. `seats` are those that may work on
 * the current task: a pool that has grown serves calls that ask for fewer. */
static struct {
  pthread_mutex_t busy, lock;
  pthread_cond_t more, done;
  hg_work work;
  void *state;
  int64_t next, chunks;
  int threads, running, seats, is_guarded;
  uint64_t turn;
} hg_pool = {.busy = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

static void hg_take(int worker) {
  for (;;) {
    const int64_t chunk = __atomic_fetch_add(&hg_pool.next, 1, __ATOMIC_ACQ_REL);
    if (chunk >= hg_pool.chunks) return;
    hg_pool.work(hg_pool.state, chunk, worker);
  }
}

static void *hg_thread(void *unused) {
  uint64_t seen = 0;
  (void)unused;
  pthread_mutex_lock(&hg_pool.lock);
  for (;;) {
    while (hg_pool.turn == seen) pthread_cond_wait(&hg_pool.more, &hg_pool.lock);
    seen = hg_pool.turn;
    const int worker = hg_pool.seats--;
    if (worker > 0) {
      pthread_mutex_unlock(&hg_pool.lock);
      hg_take(worker);
      pthread_mutex_lock(&hg_pool.lock);
    }
    if (--hg_pool.running == 0) pthread_cond_signal(&hg_pool.done);
  }
  return 0;
}

/* In the child of a fork: locks may have been held by threads that are not there. */
static void hg_forked(void) {
  const pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  const pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  hg_pool.busy = hg_pool.lock = mutex;
  hg_pool.more = hg_pool.done = condition;
  hg_pool.threads = 0;
  hg_pool.turn = 0;
}

static void hg_begin(int threads) {
  if (!hg_pool.is_guarded) hg_pool.is_guarded = pthread_atfork(0, 0, hg_forked) == 0;
  while (hg_pool.threads < threads - 1) {
    pthread_t thread;
    if (pthread_create(&thread, 0, hg_thread, 0)) break;
    pthread_detach(thread);
    hg_pool.threads++;
  }
}
#endif

/* Runs work(state, 0 .. chunks - 1) on up to so many threads. A second caller at the same time works alone. */
static void __attribute__((unused)) hg_parallel(hg_work work, void *state, int64_t chunks, int threads) {
#if !defined(_WIN32)
  if (threads > chunks) threads = (int)chunks;
  if (threads > 1 && pthread_mutex_trylock(&hg_pool.busy) == 0) {
    pthread_mutex_lock(&hg_pool.lock);
    hg_begin(threads);
    hg_pool.work = work;
    hg_pool.state = state;
    hg_pool.next = 0;
    hg_pool.chunks = chunks;
    hg_pool.running = hg_pool.threads;
    hg_pool.seats = threads - 1;
    hg_pool.turn++;
    pthread_cond_broadcast(&hg_pool.more);
    pthread_mutex_unlock(&hg_pool.lock);
    hg_take(0);
    pthread_mutex_lock(&hg_pool.lock);
    while (hg_pool.running) pthread_cond_wait(&hg_pool.done, &hg_pool.lock);
    pthread_mutex_unlock(&hg_pool.lock);
    pthread_mutex_unlock(&hg_pool.busy);
    return;
  }
#endif
  for (int64_t chunk = 0; chunk < chunks; chunk++) work(state, chunk, 0);
}
#endif
