/* Every function of mathematics.h held against references: float against double (long double where terms cancel), double against 113 bits.
 * cc -O3 -shared -fPIC -ffp-contract=off ... exhaustive.c -lm -lquadmath; -DNO_QUAD leaves the wide references out. */
#include "mathematics.h"
#include <float.h>

typedef struct { double ulp, where, of_largest, where_largest; int64_t zeros, nans, count; } verdict;

#define FUNCTIONS(X) X(exp) X(expm1) X(log) X(log1p) X(sigmoid) X(sigmoid_slope) X(softplus) X(tanh) X(tanh_slope) X(erf) X(erfc) \
    X(normal_cdf) X(gelu) X(gelu_slope) X(silu) X(silu_slope) X(sqrt) X(sin) X(cos) X(tan) X(sinh) X(cosh)

/* The functions as mathematics, once for each width of reference; x is exact. `largest` is the greatest of the terms that are added. */
#define REFERENCES(T, S, Q)                                                                                                              \
    static T ref_exp##S(T x, T *m) { (void)m; return Q(exp)(x); }                                                                        \
    static T ref_expm1##S(T x, T *m) { (void)m; return Q(expm1)(x); }                                                                    \
    static T ref_log##S(T x, T *m) { (void)m; return Q(log)(x); }                                                                        \
    static T ref_log1p##S(T x, T *m) { (void)m; return Q(log1p)(x); }                                                                    \
    static T ref_sigmoid##S(T x, T *m) { (void)m; T e = Q(exp)(-Q(fabs)(x)); return (x >= 0 ? 1 : e) / (1 + e); }                        \
    static T ref_sigmoid_slope##S(T x, T *m) { (void)m; T e = Q(exp)(-Q(fabs)(x)); return e / ((1 + e) * (1 + e)); }                     \
    static T ref_softplus##S(T x, T *m) { (void)m; return (x > 0 ? x : x != x ? x : 0) + Q(log1p)(Q(exp)(-Q(fabs)(x))); }                \
    static T ref_tanh##S(T x, T *m) { (void)m; return Q(tanh)(x); }                                                                      \
    static T ref_tanh_slope##S(T x, T *m) { (void)m; T e = Q(exp)(-2 * Q(fabs)(x)); return 4 * e / ((1 + e) * (1 + e)); }                \
    static T ref_erf##S(T x, T *m) { (void)m; return Q(erf)(x); }                                                                        \
    static T ref_erfc##S(T x, T *m) { (void)m; return Q(erfc)(x); }                                                                      \
    static T ref_normal_cdf##S(T x, T *m) { (void)m; return Q(erfc)(-x * Q(sqrt)((T)0.5)) / 2; }                                         \
    static T ref_gelu##S(T x, T *m) { (void)m; T c = x < -100 ? -100 : x; return c * Q(erfc)(-c * Q(sqrt)((T)0.5)) / 2; }                \
    static T ref_gelu_slope##S(T x, T *m) { T c = x < -100 ? -100 : x > 100 ? 100 : x, p = Q(erfc)(-c * Q(sqrt)((T)0.5)) / 2;            \
        T f = c * Q(exp)(-c * c / 2) / Q(sqrt)(2 * PI_##S); *m = Q(fabs)(f) > p ? Q(fabs)(f) : p; return p + f; }                        \
    static T ref_silu##S(T x, T *m) { (void)m; T c = x < -20000 ? -20000 : x, e = Q(exp)(-Q(fabs)(c)); return c * ((c >= 0 ? 1 : e) / (1 + e)); } \
    static T ref_silu_slope##S(T x, T *m) { T c = x < -11000 ? -11000 : x > 11000 ? 11000 : x, e = Q(exp)(-Q(fabs)(c)), w = 1 / (1 + e);  \
        T p = c >= 0 ? w : e * w, f = c * (e * w * w); *m = Q(fabs)(f) > p ? Q(fabs)(f) : p; return p + f; }                             \
    static T ref_sqrt##S(T x, T *m) { (void)m; return Q(sqrt)(x); }                                                                      \
    static T ref_sin##S(T x, T *m) { (void)m; return Q(sin)(x); }                                                                        \
    static T ref_cos##S(T x, T *m) { (void)m; return Q(cos)(x); }                                                                        \
    static T ref_tan##S(T x, T *m) { (void)m; return Q(tan)(x); }                                                                        \
    static T ref_sinh##S(T x, T *m) { (void)m; return Q(sinh)(x); }                                                                      \
    static T ref_cosh##S(T x, T *m) { (void)m; return Q(cosh)(x); }

#define PLAIN(f) f
#define PI__64 3.14159265358979323846264338327950288
#define PI__80 3.14159265358979323846264338327950288L
REFERENCES(double, _64, PLAIN)
#define LONG(f) f##l
REFERENCES(long double, _80, LONG)
#ifndef NO_QUAD
#include <quadmath.h>
#define QUAD(f) f##q
#define PI__113 M_PIq
REFERENCES(__float128, _113, QUAD)
#endif

/* The units in the last place between got and the truth: of the truth's binade, not below the subnormal spacing; an infinity counts as the number
 * after the last. */
#define JUDGE(NAME, REAL, T, MANTISSA, LEAST, GREATEST, FREXP, LDEXP, FABS)                                                              \
    static inline void NAME(verdict *v, double x, REAL got, T truth, T largest)                                                          \
    {                                                                                                                                    \
        v->count++;                                                                                                                      \
        if (truth != truth || got != got) { if ((truth != truth) != (got != got)) { v->nans++; v->where = x; } return; }                 \
        T size = FABS(truth), limit = LDEXP((T)1, GREATEST);                                                                             \
        T is = got - got == 0 ? (T)got : got > 0 ? limit : -limit;                                                                       \
        if (size > limit) { truth = truth > 0 ? limit : -limit; size = limit; }                                                          \
        int e;                                                                                                                           \
        (void)FREXP(size, &e);                                                                                                           \
        if (size == 0 || e < LEAST) e = LEAST;                                                                                           \
        if (e > GREATEST) e = GREATEST;                                                                                                  \
        double off = (double)(LDEXP(FABS(is - truth), MANTISSA - e));                                                                    \
        if (is == 0 && size > LDEXP((T)1, LEAST - MANTISSA - 1)) v->zeros++;                                                             \
        if (off > v->ulp) { v->ulp = off; v->where = x; }                                                                                \
        if (largest > 0) { (void)FREXP(largest, &e); if (e < LEAST) e = LEAST; off = (double)(LDEXP(FABS(is - truth), MANTISSA - e)); }  \
        if (off > v->of_largest) { v->of_largest = off; v->where_largest = x; }                                                          \
    }
JUDGE(judge_64, float, double, 24, -125, 128, frexp, ldexp, fabs)
JUDGE(judge_80, float, long double, 24, -125, 128, frexpl, ldexpl, fabsl)
#ifndef NO_QUAD
JUDGE(judge_113, double, __float128, 53, -1021, 1024, frexpq, ldexpq, fabsq)
#endif

/* Values held against the truth; where terms cancel, the truth of a float needs more than a double. */
#define FLOATS(f)                                                                                                                        \
    void apply_##f##_f(const float *in, float *out, int64_t n) { _Pragma("omp simd") for (int64_t i = 0; i < n; i++) out[i] = hg_##f##_f(in[i]); } \
    void apply_##f##_d(const double *in, double *out, int64_t n) { _Pragma("omp simd") for (int64_t i = 0; i < n; i++) out[i] = hg_##f##_d(in[i]); } \
    void judge_##f##_f(const float *in, const float *out, int64_t n, verdict *v)                                                         \
    {                                                                                                                                    \
        for (int64_t i = 0; i < n; i++) {                                                                                                \
            double m = 0, x = in[i], truth = ref_##f##_64(x, &m);                                                                        \
            if (m > 0 && fabs(truth) < 0.01 * m) {                                                                                       \
                long double n80 = 0, wide = ref_##f##_80(x, &n80);                                                                       \
                judge_80(v, x, out[i], wide, n80);                                                                                       \
            } else judge_64(v, x, out[i], truth, m);                                                                                     \
        }                                                                                                                                \
    }                                                                                                                                    \
    /* the float32 whose bits are first, first + step, ...: count of them */                                                             \
    void floats_##f(uint64_t first, uint64_t step, uint64_t count, verdict *v)                                                           \
    {                                                                                                                                    \
        float in[1024], out[1024];                                                                                                       \
        for (uint64_t done = 0; done < count; done += 1024) {                                                                            \
            int64_t n = count - done < 1024 ? (int64_t)(count - done) : 1024;                                                            \
            for (int i = 0; i < n; i++) in[i] = hg_of_bits_f((uint32_t)(first + (done + (uint64_t)i) * step));                           \
            apply_##f##_f(in, out, n);                                                                                                   \
            judge_##f##_f(in, out, n, v);                                                                                                \
        }                                                                                                                                \
    }
FUNCTIONS(FLOATS)

#ifndef NO_QUAD
#define DOUBLES(f)                                                                                                                       \
    void judge_##f##_d(const double *in, const double *out, int64_t n, verdict *v)                                                       \
    {                                                                                                                                    \
        for (int64_t i = 0; i < n; i++) {                                                                                                \
            __float128 m = 0, truth = ref_##f##_113((__float128)in[i], &m);                                                              \
            judge_113(v, in[i], out[i], truth, m);                                                                                       \
        }                                                                                                                                \
    }
FUNCTIONS(DOUBLES)
#endif
