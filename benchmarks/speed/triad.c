/* What memory gives: a[i] = b[i] + s*c[i] by several threads, the results written past the caches. */
#include <pthread.h>
#include <stddef.h>

typedef float lanes __attribute__((vector_size(32)));
struct part { float *a; const float *b, *c; size_t n; };

static void *stream(void *given)
{
    const struct part *p = given;
    lanes *a = (lanes *)p->a;
    const lanes *b = (const lanes *)p->b, *c = (const lanes *)p->c;
    for (size_t i = 0; i < p->n/8; i++) {
        lanes sum = b[i] + 3.0f*c[i];
#if defined(__has_builtin)
#if __has_builtin(__builtin_nontemporal_store)
        __builtin_nontemporal_store(sum, a + i);
        continue;
#endif
#endif
#ifdef __AVX__
        __builtin_ia32_movntps256((float *)(a + i), sum);
#else
        a[i] = sum;
#endif
    }
    return NULL;
}

void triad(float *a, const float *b, const float *c, size_t n, size_t threads)
{
    pthread_t started[64];
    struct part parts[64];
    size_t each = n/threads/8*8;
    for (size_t k = 0; k < threads; k++) {
        struct part part = {a + k*each, b + k*each, c + k*each, each};
        parts[k] = part;
        if (k + 1 < threads) pthread_create(&started[k], NULL, stream, &parts[k]);
        else stream(&parts[k]);
    }
    for (size_t k = 0; k + 1 < threads; k++) pthread_join(started[k], NULL);
}
