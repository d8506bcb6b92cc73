/* The mathematics of the kernels, for float (_f) and double (_d): portable C99, without branches, so that a compiler vectorises a loop over it.
 *
 * Made by tools/polynomials.py, with its polynomials; change it there. No step cancels: where two terms of one size meet, they are kept in two
 * words or the difference is approximated itself. A nan stays a nan, an infinite argument gives the limit, what is too small for the type is
 * rounded to a subnormal number or zero, and nothing finite gives a nan.
 *
 * Compile with -O3 -march=... -ffp-contract=off -fno-math-errno -fno-trapping-math and never with -ffast-math: the low words are rounding errors,
 * which algebra says are zero. Notation: e = e^-|x|, w = 1/(1 + e), Phi and phi the normal law and its density.
 */
#ifndef HANDGRAD_MATHEMATICS_H
#define HANDGRAD_MATHEMATICS_H
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(FP_FAST_FMA)
#define HG_FUSED 1
#endif
#if defined(__GNUC__)
#define HG_INLINE static inline __attribute__((always_inline, unused))
#else
#define HG_INLINE static inline
#endif

/* ------------------------------ float ------------------------------ */

/* With a fused multiply-add one instruction rounds a*b + c once; without it the same steps hold by exact products, at about twice the cost. */
HG_INLINE float hg_product_error_f(float a, float b, float product)     /* a*b - product, exactly */
{
#ifdef HG_FUSED
    return fmaf(a, b, -product);
#else
    return (float)((double)a * b - product);
#endif
}

HG_INLINE float hg_fma_f(float a, float b, float c)
{
#ifdef HG_FUSED
    return fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

/* (e^r - 1 - r)/r^2, -0.3470 <= x <= 0.3470: within 0.062 units of 2^-24 */
HG_INLINE float hg_exp_series_f(float x)
{
    return hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(0x1.685028p-10f,
        x, 0x1.123bf8p-7f),
        x, 0x1.555b9ap-5f),
        x, 0x1.55548ep-3f),
        x, 0x1.fffff8p-2f);
}

/* (log(1 + e)/e - 1)/e, 0 <= x <= 1: within 0.016 units of 2^-24 */
HG_INLINE float hg_log1p_series_f(float x)
{
    return hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(0x1.07e0fcp-9f,
        x, -0x1.b4cf12p-7f),
        x, 0x1.529e9cp-5f),
        x, -0x1.512058p-4f),
        x, 0x1.fc6474p-4f),
        x, -0x1.49d35ap-3f),
        x, 0x1.975f96p-3f),
        x, -0x1.ffbeb8p-3f),
        x, 0x1.555370p-2f),
        x, -0x1.fffff6p-2f);
}

/* (2*atanh(s)/s - 2)/s^2 for u = s^2, 0 <= x <= 0.02945: within 0.014 units of 2^-24 */
HG_INLINE float hg_atanh_series_f(float x)
{
    return hg_fma_f(hg_fma_f(0x1.31e09ep-2f,
        x, 0x1.995ed6p-2f),
        x, 0x1.55557ap-1f);
}

/* erf(x)/x - 1 for u = x^2, 0 <= x <= 1: within 0.024 units of 2^-24 */
HG_INLINE float hg_erf_series_f(float x)
{
    return hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(0x1.48edeep-14f,
        x, -0x1.a3c95cp-11f),
        x, 0x1.53ff92p-8f),
        x, -0x1.b7f858p-6f),
        x, 0x1.ce2cf0p-4f),
        x, -0x1.81273ep-2f),
        x, 0x1.06eba8p-3f);
}

/* (1 - e^-d)/d, -0.0626 <= x <= 0.0626: within 0.0031 units of 2^-24 */
HG_INLINE float hg_silu_series_f(float x)
{
    return hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(0x1.110acap-7f,
        x, -0x1.555f52p-5f),
        x, 0x1.555556p-3f),
        x, -0x1.000000p-1f),
        x, 0x1.000000p+0f);
}

/* (z + centre)*R(z) at t = (z - centre)/(z + centre), -1 <= x <= 0.691: within 0.13 units of 2^-24 */
HG_INLINE float hg_tail_series_f(float x)
{
    return hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(0x1.5c4580p-15f,
        x, -0x1.48b940p-16f),
        x, -0x1.dc50a8p-12f),
        x, -0x1.4178eep-12f),
        x, 0x1.47f8f4p-9f),
        x, 0x1.a4f000p-9f),
        x, -0x1.0d6e58p-6f),
        x, -0x1.0f6b30p-6f),
        x, 0x1.756bb8p-3f),
        x, -0x1.e5bd16p-2f);
}

/* (R(z) - z/sqrt(2*pi))/(root - z) at t = (z - centre)/(z + centre), -1 <= x <= 0.691: within 0.092 units of 2^-24 */
HG_INLINE float hg_gelu_series_f(float x)
{
    return hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(hg_fma_f(0x1.7c1feap-18f,
        x, 0x1.379fb8p-17f),
        x, -0x1.41c036p-15f),
        x, -0x1.cf84aep-14f),
        x, 0x1.6e72dep-13f),
        x, 0x1.f52be4p-11f),
        x, -0x1.991a50p-10f),
        x, -0x1.356c50p-7f),
        x, 0x1.980f08p-5f),
        x, -0x1.fdded0p-4f);
}

HG_INLINE float hg_residual_f(float a, float b, float c)                /* c - a*b where a*b is near c */
{
#ifdef HG_FUSED
    return fmaf(-a, b, c);
#else
    float product = a * b;
    return (c - product) - hg_product_error_f(a, b, product);
#endif
}

typedef struct { float high, low; } hg_two_f;                            /* the number high + low, low at most half a unit of high's last place */

HG_INLINE hg_two_f hg_sum_f(float a, float b)                          /* a + b, exactly (Knuth) */
{
    float high = a + b, part = high - a;
    hg_two_f sum = {high, (a - (high - part)) + (b - part)};
    return sum;
}

HG_INLINE hg_two_f hg_fma_two_f(float a, float b, float c)                   /* a*b + c to two words, |a*b| not above |c| */
{
    hg_two_f sum;
#ifdef HG_FUSED
    sum.high = fmaf(a, b, c);
    sum.low = fmaf(a, b, c - sum.high);
#else
    float product = a * b;
    sum.high = product + c;
    sum.low = (c - sum.high) + product + hg_product_error_f(a, b, product);
#endif
    return sum;
}

HG_INLINE hg_two_f hg_times_f(hg_two_f a, hg_two_f b)                  /* a*b to nearly two words */
{
    hg_two_f product;
    product.high = a.high * b.high;
    product.low = hg_fma_f(a.low, b.high, hg_fma_f(a.high, b.low, hg_product_error_f(a.high, b.high, product.high)));
    return product;
}

HG_INLINE float hg_rounded_product_f(hg_two_f a, hg_two_f b)           /* a*b, rounded nearly once */
{
#ifdef HG_FUSED
    return fmaf(a.high, b.high, fmaf(a.low, b.high, a.high * b.low));
#else
    hg_two_f product = hg_times_f(a, b);
    return product.high + product.low;
#endif
}

HG_INLINE hg_two_f hg_reciprocal_f(hg_two_f q)                        /* 1/q = w*(1 + c), c = 1 - q*w */
{
    float w = 1.0f / q.high;
    hg_two_f inverse = {w, w * hg_fma_f(-q.low, w, hg_residual_f(q.high, w, 1.0f))};
    return inverse;
}

HG_INLINE uint32_t hg_bits_f(float x) { uint32_t b; memcpy(&b, &x, sizeof b); return b; }
HG_INLINE float hg_of_bits_f(uint32_t b) { float x; memcpy(&x, &b, sizeof x); return x; }

/* 2^(k + more), where k is the whole number that was rounded into the last bits of 0x1.8p23f + k */
HG_INLINE float hg_power_of_two_f(uint32_t shifted, int more) { return hg_of_bits_f((shifted + (uint32_t)(127 + more)) << 23); }

HG_INLINE float hg_abs_f(float x) { return fabsf(x); }
HG_INLINE float hg_sign_f(float x) { return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x; }
HG_INLINE float hg_max_f(float a, float b) { return a > b || a != a ? a : b; }      /* a nan stays, whichever it is */
HG_INLINE float hg_min_f(float a, float b) { return a < b || a != a ? a : b; }
HG_INLINE float hg_capped_f(float x, float top) { return x > top ? top : x; }       /* a nan stays */
HG_INLINE float hg_floored_f(float x, float bottom) { return x < bottom ? bottom : x; }

/* x = k*log(2) + r with |r| <= 0.347: e^x = 2^k*(1 + p), p = e^r - 1 = r + r^2*(1/2 + r/6 + ...) */
HG_INLINE uint32_t hg_split_f(float x, float *r)
{
    float shifted = hg_fma_f(x, 0x1.715476p+0f, 0x1.8p23f);
    float k = shifted - 0x1.8p23f;
    *r = hg_fma_f(k, -0x1.7f7d1cp-20f, hg_fma_f(k, -0x1.62e4p-1f, x));
    return hg_bits_f(shifted);
}

HG_INLINE float hg_exp_less_one_f(float r)
{
    float p = hg_exp_series_f(r);
    return hg_fma_f(r * r, p, r);
}

/* 2^k*e^r: 2^k in two halves, so that the result is rounded once more only where it is subnormal */
HG_INLINE float hg_exp_joined_f(uint32_t k, float r)
{
    uint32_t half = ((k + 512) >> 1) - 512 / 2;
    float s = hg_power_of_two_f(half, 0);
    return hg_fma_f(hg_exp_less_one_f(r), s, s) * hg_power_of_two_f(k - half, 0);
}

HG_INLINE float hg_exp_f(float x)
{
    float r;
    uint32_t k = hg_split_f(hg_capped_f(hg_floored_f(x, -105.0f), 89.0f), &r);
    return hg_exp_joined_f(k, r);
}

/* e^(h + l); l counts only where e^h is a finite number, so that h = -inf gives 0 whatever l is */
HG_INLINE float hg_exp_two_f(float h, float l)
{
    float r, x = hg_capped_f(hg_floored_f(h, -105.0f), 89.0f);
    uint32_t k = hg_split_f(x, &r);
    return hg_exp_joined_f(k, x == h ? r + l : r);
}

/* e^(a - b): the rounding error of the difference (Knuth) is put back in the exponent */
HG_INLINE float hg_exp_difference_f(float a, float b)
{
    hg_two_f difference = hg_sum_f(a, -b);
    return hg_exp_two_f(difference.high, difference.low);
}

/* e^(-x^2/2), the square in two words */
HG_INLINE float hg_bell_f(float x)
{
    float a = hg_capped_f(hg_abs_f(x), 100.0f), square = a * a;
    return hg_exp_two_f(-0.5f * square, -0.5f * hg_product_error_f(a, a, square));
}

/* 1/cosh(x) = 2*e/(1 + e^2), e = e^-|x| */
HG_INLINE float hg_sech_f(float x)
{
    float e = hg_exp_f(-hg_abs_f(x));
    return 2.0f * e / (1.0f + e * e);
}

/* e^x - 1 = 2^k*p + (2^k - 1); for the last power of two half of it is doubled */
HG_INLINE float hg_expm1_f(float x)
{
    float r, c = hg_capped_f(hg_floored_f(x, -20.0f), 89.0f);
    int last = c > 88.0f;
    uint32_t k = hg_split_f(c, &r);
    float s = hg_power_of_two_f(last ? k - 1 : k, 0);
    float value = hg_fma_f(s, hg_exp_less_one_f(r), s - 1.0f);
    return last ? value * 2.0f : value;
}

/* 2^k*e^r*2^64 in two words, for k <= 0: the factor keeps what follows out of the subnormal numbers until it is divided out, by *0x1p-64f */
HG_INLINE hg_two_f hg_exp_raised_joined_f(uint32_t k, float r)
{
    float s = hg_power_of_two_f(k, 64), p = hg_exp_less_one_f(r);
    hg_two_f e;
    e.high = hg_fma_f(p, s, s);
    e.low = hg_fma_f(p, s, s - e.high);
    return e;
}

HG_INLINE hg_two_f hg_exp_raised_f(float x)                                /* e^x*2^64 for x <= 0 */
{
    float r;
    uint32_t k = hg_split_f(hg_floored_f(x, -125.0f), &r);
    return hg_exp_raised_joined_f(k, r);
}

HG_INLINE hg_two_f hg_exp_raised_two_f(float x, float low)                  /* e^(x + low)*2^64 for -125.0f <= x <= 0 */
{
    float r;
    uint32_t k = hg_split_f(x, &r);
    return hg_exp_raised_joined_f(k, r + low);
}

/* log(2^k*(1 + f)) for 1 + f in [sqrt(1/2), sqrt(2)]: with s = f/(2 + f), log(1 + f) = 2*atanh(s) = f - (f^2/2 - s*(f^2/2 + s^2*(2/3 + ...))) */
HG_INLINE float hg_log_of_f(float k, float f)
{
    float s = f / (2.0f + f), u = s * s, half = 0.5f * f * f;
    float rest = u * hg_atanh_series_f(u);
    return hg_fma_f(k, 0x1.62e4p-1f, f - (half - hg_fma_f(s, half + rest, k * 0x1.7f7d1cp-20f)));
}

HG_INLINE float hg_log_edges_f(float x, float value)                   /* the logarithm of x where it is no finite number */
{
    value = x < (float)INFINITY ? value : x;
    return x > 0.0f ? value : x == 0.0f ? -(float)INFINITY : (float)NAN;
}

HG_INLINE uint32_t hg_exponent_f(uint32_t i) { return (i + (hg_bits_f(1.0f) - hg_bits_f(0x1.6a09e6p-1f))) >> 23; }
HG_INLINE float hg_number_f(uint32_t exponent) { return hg_of_bits_f(hg_bits_f(0x1p23f) + exponent) - (0x1p23f + 127.0f); }

HG_INLINE float hg_log_f(float x)
{
    int small = x < 0x1p-126f;
    uint32_t i = hg_bits_f(small ? x * 0x1p23f : x), exponent = hg_exponent_f(i);
    float m = hg_of_bits_f(i - (exponent << 23) + hg_bits_f(1.0f));
    return hg_log_edges_f(x, hg_log_of_f(hg_number_f(exponent) - (small ? 23.0f : 0.0f), m - 1.0f));
}

/* log(1 + x): what 1 + x loses in rounding, over 2^k, is given back to f */
HG_INLINE float hg_log1p_f(float x)
{
    float w = 1.0f + x, lost = x < 1.0f ? x - (w - 1.0f) : 1.0f - (w - x);
    uint32_t i = hg_bits_f(w), exponent = hg_exponent_f(i);
    float m = hg_of_bits_f(i - (exponent << 23) + hg_bits_f(1.0f));
    float scale = hg_of_bits_f(((uint32_t)(2 * 127 + 1) - exponent) << 23);      /* 2^(1 - k) */
    float value = hg_log_of_f(hg_number_f(exponent), (m - 1.0f) + lost * (0.5f * scale));
    return x == 0.0f ? x : hg_log_edges_f(w, value);
}

/* For a >= 0: near = sigmoid(a) = 1/(1 + e^-a), far = sigmoid(-a)*2^64 = e^-a/(1 + e^-a)*2^64, sum = 1 + e^-a, each in two words */
typedef struct { hg_two_f near, far, sum, e; } hg_logistic_f;

HG_INLINE hg_logistic_f hg_logistic_of_f(float a)
{
    hg_logistic_f l;
    l.e = hg_exp_raised_f(-a);
    l.sum.high = hg_fma_f(l.e.high, 0x1p-64f, 1.0f);
    l.sum.low = hg_fma_f(l.e.low, 0x1p-64f, hg_fma_f(l.e.high, 0x1p-64f, 1.0f - l.sum.high));
    l.near = hg_reciprocal_f(l.sum);
    l.far = hg_times_f(l.e, l.near);
    return l;
}

/* 1/(1 + e^-x), for x < 0 as e^x/(1 + e^x) */
HG_INLINE float hg_sigmoid_f(float x)
{
    hg_logistic_f l = hg_logistic_of_f(hg_abs_f(x));
    return x >= 0.0f ? l.near.high + l.near.low : (l.far.high + l.far.low) * 0x1p-64f;
}

/* sigmoid(x)*sigmoid(-x) = e*w^2, e = e^-|x|, w = 1/(1 + e): never 1 - sigmoid(x) */
HG_INLINE float hg_sigmoid_slope_f(float x)
{
    hg_logistic_f l = hg_logistic_of_f(hg_abs_f(x));
    return hg_rounded_product_f(l.far, l.near) * 0x1p-64f;
}

/* log(1 + e^x) = max(x, 0) + log1p(e), log1p(e) = e*(1 - e/2 + ...), e = e^-|x| */
HG_INLINE float hg_softplus_f(float x)
{
    hg_two_f raised = hg_exp_raised_f(-hg_abs_f(x));
    float e = raised.high * 0x1p-64f, series = hg_log1p_series_f(e);
    float value = hg_rounded_product_f(raised, hg_fma_two_f(e, series, 1.0f));
    return x > 0.0f ? hg_fma_f(value, 0x1p-64f, x) : value * 0x1p-64f;
}

/* (1 - e)/(1 + e) with the sign of x, e = e^(-2|x|); 1 - e = (1 - 2^k) - 2^k*p, exactly -p where k = 0 */
HG_INLINE float hg_tanh_f(float x)
{
    float r, a = -2.0f * hg_abs_f(x);
    uint32_t k = hg_split_f(hg_floored_f(a, -125.0f), &r);
    float s = hg_power_of_two_f(k, 64) * 0x1p-64f, p = hg_exp_less_one_f(r);
    hg_logistic_f l = hg_logistic_of_f(-a);
    hg_two_f less;
    float square = r * r * hg_exp_series_f(r);
    less.high = hg_fma_f(-s, p, 1.0f - s);
    less.low = s == 1.0f ? (p - r) - square : hg_fma_f(-s, p, (1.0f - s) - less.high);
    return copysignf(hg_rounded_product_f(less, l.near), x);
}

/* 1 - tanh(x)^2 = 4*e*w^2, e = e^(-2|x|); the 4 is part of the power of two */
HG_INLINE float hg_tanh_slope_f(float x)
{
    hg_logistic_f l = hg_logistic_of_f(2.0f * hg_abs_f(x));
    return hg_rounded_product_f(l.far, l.near) * (4.0f * 0x1p-64f);
}

/* x*sigmoid(x), the factors in two words; -0 at -inf */
HG_INLINE float hg_silu_f(float x)
{
    hg_logistic_f l = hg_logistic_of_f(hg_abs_f(x));
    int left = x < 0.0f;
    float c = hg_floored_f(x, -125.0f), bounded = hg_capped_f(c, 125.0f);
    float high = left ? l.far.high : l.near.high, low = left ? l.far.low : l.near.low;
    return hg_fma_f(c, high, bounded * low) * (left ? 0x1p-64f : 1.0f);
}

/* 1 + e^-z - z in two words, the sum given. It is zero at root = 1.2785, where e^-root = root - 1; beside it, with d = z - root, it is expanded:
 * -d*(1 + (root - 1)*(1 - e^-d)/d) */
HG_INLINE hg_two_f hg_silu_rest_f(hg_two_f sum, float z)
{
    float from = z - 0x1.474974p+0f, d = from - -0x1.bdf6fap-27f, lost = (from - d) - -0x1.bdf6fap-27f;
    float factor = hg_fma_f(0x1.1d25d0p-2f, hg_silu_series_f(d), 1.0f), product = -d * factor;
    hg_two_f rest = hg_sum_f(sum.high, -z);
    int beside = hg_abs_f(d) < 0.0625f;
    rest.low = beside ? hg_fma_f(-lost, factor, hg_product_error_f(-d, factor, product)) : rest.low + sum.low;
    rest.high = beside ? product : rest.high;
    return rest;
}

/* For x = -z <= 0: e*w^2*(1 + e - z), e = e^-z; the slope at x is 1 less that at -x */
HG_INLINE float hg_silu_slope_f(float x)
{
    hg_logistic_f l = hg_logistic_of_f(hg_abs_f(x));
    hg_two_f rest = hg_silu_rest_f(l.sum, hg_capped_f(hg_abs_f(x), 125.0f));
    float slope = hg_rounded_product_f(hg_times_f(l.far, l.near), rest) * 0x1p-64f;
    return x > 0.0f ? 1.0f - slope : slope;
}

/* y = 1/(z + 0x1.600000p+1f) in two words, t = (z - 0x1.600000p+1f)/(z + 0x1.600000p+1f) = 1 - 2*0x1.600000p+1f*y, for 0 <= z <= 15.0f with a low word */
HG_INLINE hg_two_f hg_tail_variable_f(float z, float low, float *t)
{
    hg_two_f q;
    q.high = z + 0x1.600000p+1f;
    q.low = z - (q.high - 0x1.600000p+1f) + low;
    hg_two_f y = hg_reciprocal_f(q);
    *t = hg_fma_f(-2.0f * 0x1.600000p+1f, y.low, hg_residual_f(2.0f * 0x1.600000p+1f, y.high, 1.0f));
    return y;
}

/* e^(-z^2/2)*2^64: the square in two words, or the tail would lose as many digits as z^2 has */
HG_INLINE hg_two_f hg_bell_raised_f(float z)
{
    float square = z * z;
    return hg_exp_raised_two_f(-0.5f * square, -0.5f * hg_product_error_f(z, z, square));
}

/* 1 - Phi(z) = e^(-z^2/2)*R(z), R(z) = y*G(t), of which the first factor is given; times 2^64 */
HG_INLINE hg_two_f hg_normal_tail_f(hg_two_f bell, float z, float low)
{
    float t;
    hg_two_f y = hg_tail_variable_f(z, low, &t);
    float rest = hg_tail_series_f(t);
    return hg_times_f(hg_times_f(bell, y), hg_fma_two_f(t, rest, 0x1.701ef0p-1f));
}

/* Phi(x): the tail for x < 0, 1 less the tail for x >= 0 */
HG_INLINE float hg_normal_cdf_f(float x)
{
    float z = hg_capped_f(hg_abs_f(x), 15.0f);
    hg_two_f tail = hg_normal_tail_f(hg_bell_raised_f(z), z, 0.0f);
    float q = (tail.high + tail.low) * 0x1p-64f;
    return x < 0.0f ? q : 1.0f - q;
}

/* erfc(x) = 2*(1 - Phi(z)), z = x*sqrt(2); e^(-x^2) is taken of x itself */
HG_INLINE float hg_erfc_f(float x)
{
    float a = hg_capped_f(hg_abs_f(x), 10.6f), square = a * a;
    hg_two_f bell = hg_exp_raised_two_f(-square, -hg_product_error_f(a, a, square));
    float z = a * 0x1.6a09e6p+0f, low = hg_fma_f(a, 0x1.9fcef4p-26f, hg_product_error_f(a, 0x1.6a09e6p+0f, z));
    hg_two_f tail = hg_normal_tail_f(bell, z, low);
    float q = (tail.high + tail.low) * (2.0f * 0x1p-64f);
    return x < 0.0f ? 2.0f - q : q;
}

/* erf(x) = x + x*P(x^2) for |x| < 1, else 1 - erfc(|x|) with the sign of x */
HG_INLINE float hg_erf_f(float x)
{
    float a = hg_abs_f(x), square = hg_capped_f(a, 1.0f) * a;
    float inner = hg_erf_series_f(square);
    return a < 1.0f ? hg_fma_f(x, inner, x) : copysignf(1.0f - hg_erfc_f(a), x);
}

/* x*Phi(x), the factors in two words; -0 at -inf */
HG_INLINE float hg_gelu_f(float x)
{
    float z = hg_capped_f(hg_abs_f(x), 15.0f);
    hg_two_f tail = hg_normal_tail_f(hg_bell_raised_f(z), z, 0.0f);
    int left = x < 0.0f;
    float q = tail.high * 0x1p-64f, one = 1.0f - q;
    float high = left ? tail.high : one, low = left ? tail.low : hg_fma_f(-tail.low, 0x1p-64f, (1.0f - one) - q);
    return hg_fma_f(left ? -z : x, high, (left ? -z : z) * low) * (left ? 0x1p-64f : 1.0f);
}

/* Phi(x) + x*phi(x); for x = -z <= 0 it is e^(-z^2/2)*(R(z) - z/sqrt(2*pi)) = e^(-z^2/2)*(root - z)*K(t), and the slope at x is 1 less that at -x.
 * root = 0.7518 in two words: expanded about it, the difference keeps its digits there too. */
HG_INLINE float hg_gelu_slope_f(float x)
{
    float t, z = hg_capped_f(hg_abs_f(x), 15.0f);
    hg_tail_variable_f(z, 0.0f, &t);
    hg_two_f distance = hg_sum_f(0x1.80ead2p-1f, -z);
    distance.low += -0x1.a03fd4p-27f;
    float rest = hg_gelu_series_f(t);
    hg_two_f factor = hg_fma_two_f(t, rest, 0x1.ef3928p-2f);
    float slope = hg_rounded_product_f(hg_times_f(hg_bell_raised_f(z), distance), factor) * 0x1p-64f;
    return x > 0.0f ? 1.0f - slope : slope;
}

/* What the C library rounds well enough; float sinh and cosh in double */
HG_INLINE float hg_sqrt_f(float x) { return sqrtf(x); }
HG_INLINE float hg_pow_f(float x, float y) { return powf(x, y); }
HG_INLINE float hg_sin_f(float x) { return sinf(x); }
HG_INLINE float hg_cos_f(float x) { return cosf(x); }
HG_INLINE float hg_tan_f(float x) { return tanf(x); }
HG_INLINE float hg_sinh_f(float x) { return (float)sinh((double)x); }
HG_INLINE float hg_cosh_f(float x) { return (float)cosh((double)x); }

/* ------------------------------ double ------------------------------ */

/* With a fused multiply-add one instruction rounds a*b + c once; without it the same steps hold by exact products, at about twice the cost. */
HG_INLINE double hg_product_error_d(double a, double b, double product)     /* a*b - product, exactly */
{
#ifdef HG_FUSED
    return fma(a, b, -product);
#else
    double c = a * 134217729.0, d = b * 134217729.0;
    double ah = c - (c - a), bh = d - (d - b), al = a - ah, bl = b - bh;
    return ((ah * bh - product) + ah * bl + al * bh) + al * bl;
#endif
}

HG_INLINE double hg_fma_d(double a, double b, double c)
{
#ifdef HG_FUSED
    return fma(a, b, c);
#else
    return a * b + c;
#endif
}

/* (e^r - 1 - r)/r^2, -0.3470 <= x <= 0.3470: within 0.0007 units of 2^-53 */
HG_INLINE double hg_exp_series_d(double x)
{
    const double x2 = x * x;
    const double c0 = hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(0x1.1ed3ff05421dep-29,
        x2, 0x1.27e544b7e43c2p-22),
        x2, 0x1.a01a0174e6364p-16),
        x2, 0x1.6c16c16c20171p-10),
        x2, 0x1.5555555555540p-5),
        x2, 0x1.000000p-1);
    const double c1 = hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(0x1.af6eaac040f7fp-26,
        x2, 0x1.71ddee5f6fc4fp-19),
        x2, 0x1.a01a01b44a399p-13),
        x2, 0x1.111111110e9f3p-7),
        x2, 0x1.555555555555cp-3);
    return hg_fma_d(c1, x, c0);
}

/* (log(1 + e)/e - 1)/e, 0 <= x <= 1: within 0.017 units of 2^-53 */
HG_INLINE double hg_log1p_series_d(double x)
{
    const double x2 = x * x, x4 = x2 * x2;
    const double c0 = hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(-0x1.0e637d492286ap-16,
        x4, -0x1.5d041aa7510e6p-7),
        x4, -0x1.01c9e3090ae97p-4),
        x4, -0x1.99488e357df12p-4),
        x4, -0x1.555553ba6d193p-3),
        x4, -0x1.fffffffffffebp-2);
    const double c1 = hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(0x1.0a604160caf5ep-8,
        x4, 0x1.9ac714d3777d2p-5),
        x4, 0x1.72efb03a572d9p-4),
        x4, 0x1.249231fad42edp-3),
        x4, 0x1.5555555554579p-2);
    const double c2 = hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(-0x1.24379020adca2p-10,
        x4, -0x1.23a4a894fe66dp-5),
        x4, -0x1.503869109a197p-4),
        x4, -0x1.fffe25c67e104p-4),
        x4, -0x1.ffffffff77371p-3);
    const double c3 = hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(0x1.979960993c394p-13,
        x4, 0x1.61637a6910771p-6),
        x4, 0x1.2c50827ba42a8p-4),
        x4, 0x1.c70e6a45ca1c2p-4),
        x4, 0x1.99999986976dep-3);
    return hg_fma_d(hg_fma_d(c3, x, c2), x2, hg_fma_d(c1, x, c0));
}

/* (2*atanh(s)/s - 2)/s^2 for u = s^2, 0 <= x <= 0.02945: within 0.012 units of 2^-53 */
HG_INLINE double hg_atanh_series_d(double x)
{
    const double x2 = x * x;
    const double c0 = hg_fma_d(hg_fma_d(hg_fma_d(0x1.2f0f4cbb2f684p-3,
        x2, 0x1.746649e261b8dp-3),
        x2, 0x1.24924942423edp-2),
        x2, 0x1.5555555555594p-1);
    const double c1 = hg_fma_d(hg_fma_d(0x1.39a0b1c03dbcbp-3,
        x2, 0x1.c71c51ceeacd2p-3),
        x2, 0x1.999999997f6eep-2);
    return hg_fma_d(c1, x, c0);
}

/* erf(x)/x - 1 for u = x^2, 0 <= x <= 1: within 0.099 units of 2^-53 */
HG_INLINE double hg_erf_series_d(double x)
{
    const double x2 = x * x, x4 = x2 * x2;
    const double c0 = hg_fma_d(hg_fma_d(hg_fma_d(0x1.2600810671331p-34,
        x4, 0x1.b9ed791a90f17p-20),
        x4, 0x1.565bcd126eb03p-8),
        x4, 0x1.06eba8214db69p-3);
    const double c1 = hg_fma_d(hg_fma_d(-0x1.5f8e89288ca2ap-23,
        x4, -0x1.c02db49267ac7p-11),
        x4, -0x1.812746b0379fdp-2);
    const double c2 = hg_fma_d(hg_fma_d(0x1.fc0fdaf91b897p-27,
        x4, 0x1.f9a334289efeap-14),
        x4, 0x1.ce2f21a043610p-4);
    const double c3 = hg_fma_d(hg_fma_d(-0x1.453261200b184p-30,
        x4, -0x1.f4d31e13b86f4p-17),
        x4, -0x1.b82ce312ab114p-6);
    return hg_fma_d(hg_fma_d(c3, x, c2), x2, hg_fma_d(c1, x, c0));
}

/* (1 - e^-d)/d, -0.0626 <= x <= 0.0626: within 0.00024 units of 2^-53 */
HG_INLINE double hg_silu_series_d(double x)
{
    const double x2 = x * x;
    const double c0 = hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(0x1.71fa0705216fap-19,
        x2, 0x1.a01a00e259b27p-13),
        x2, 0x1.1111111112d7ep-7),
        x2, 0x1.5555555555555p-3),
        x2, 0x1.000000p+0);
    const double c1 = hg_fma_d(hg_fma_d(hg_fma_d(-0x1.a02393114865bp-16,
        x2, -0x1.6c16c1536679bp-10),
        x2, -0x1.55555555557bep-5),
        x2, -0x1.000000p-1);
    return hg_fma_d(c1, x, c0);
}

/* (z + centre)*R(z) at t = (z - centre)/(z + centre), -1 <= x <= 0.774: within 0.17 units of 2^-53 */
HG_INLINE double hg_tail_series_d(double x)
{
    const double x2 = x * x, x4 = x2 * x2;
    const double c0 = hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(0x1.5070933ff89b6p-29,
        x4, 0x1.5af996be9db73p-25),
        x4, 0x1.0b14a940b5517p-18),
        x4, 0x1.1daf1ac4ef9f3p-11),
        x4, -0x1.1b1c254ca47b1p-4),
        x4, -0x1.54ad03f27ca18p-1);
    const double c1 = hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(-0x1.616ff26f459e2p-30,
        x4, -0x1.30d7b44d23604p-24),
        x4, -0x1.73f2caf565e65p-19),
        x4, -0x1.f214b2872149ep-15),
        x4, 0x1.54b4d4f43f0e0p-6),
        x4, 0x1.fb31653876f69p-2);
    const double c2 = hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(-0x1.ef9df5e90dcddp-32,
        x4, -0x1.3085ec2cc472ep-27),
        x4, -0x1.67542548a0f4dp-22),
        x4, -0x1.a1700d4e903ebp-15),
        x4, -0x1.88590e97658adp-9),
        x4, -0x1.410ed5f875940p-2);
    const double c3 = hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(0x1.83c152d869987p-27,
        x4, 0x1.d558bc0143222p-22),
        x4, 0x1.17dfff1bd8e03p-16),
        x4, -0x1.a25037202de79p-11),
        x4, 0x1.51f6329f024b2p-3);
    return hg_fma_d(hg_fma_d(c3, x, c2), x2, hg_fma_d(c1, x, c0));
}

/* (R(z) - z/sqrt(2*pi))/(root - z) at t = (z - centre)/(z + centre), -1 <= x <= 0.774: within 0.4 units of 2^-53 */
HG_INLINE double hg_gelu_series_d(double x)
{
    const double x2 = x * x, x4 = x2 * x2;
    const double c0 = hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(0x1.dccae7be26f61p-33,
        x4, -0x1.2b0f9af32ea8dp-29),
        x4, 0x1.700421533146cp-26),
        x4, 0x1.54f8b4177b572p-15),
        x4, -0x1.e0a951947be83p-8),
        x4, -0x1.6fce89f8d2b97p-4);
    const double c1 = hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(-0x1.1bddf86740884p-33,
        x4, -0x1.0c561eefc8078p-28),
        x4, -0x1.6bfa4f47d93c4p-23),
        x4, -0x1.34be275509a27p-17),
        x4, 0x1.2dc07796cee32p-9),
        x4, 0x1.ef8423a0a7308p-5);
    const double c2 = hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(-0x1.0803972959095p-34,
        x4, -0x1.35f6e39611c87p-34),
        x4, 0x1.a881302b188a6p-27),
        x4, -0x1.0b75bbc4358b2p-19),
        x4, -0x1.cdee09cb35f89p-12),
        x4, -0x1.231a8d12383a3p-5);
    const double c3 = hg_fma_d(hg_fma_d(hg_fma_d(hg_fma_d(0x1.c997d396e2ab1p-31,
        x4, 0x1.89875a890044bp-26),
        x4, 0x1.6d328d7e295a2p-20),
        x4, -0x1.fde2921caee2ap-17),
        x4, 0x1.23c3758998c2dp-6);
    return hg_fma_d(hg_fma_d(c3, x, c2), x2, hg_fma_d(c1, x, c0));
}

HG_INLINE double hg_residual_d(double a, double b, double c)                /* c - a*b where a*b is near c */
{
#ifdef HG_FUSED
    return fma(-a, b, c);
#else
    double product = a * b;
    return (c - product) - hg_product_error_d(a, b, product);
#endif
}

typedef struct { double high, low; } hg_two_d;                            /* the number high + low, low at most half a unit of high's last place */

HG_INLINE hg_two_d hg_sum_d(double a, double b)                          /* a + b, exactly (Knuth) */
{
    double high = a + b, part = high - a;
    hg_two_d sum = {high, (a - (high - part)) + (b - part)};
    return sum;
}

HG_INLINE hg_two_d hg_fma_two_d(double a, double b, double c)                   /* a*b + c to two words, |a*b| not above |c| */
{
    hg_two_d sum;
#ifdef HG_FUSED
    sum.high = fma(a, b, c);
    sum.low = fma(a, b, c - sum.high);
#else
    double product = a * b;
    sum.high = product + c;
    sum.low = (c - sum.high) + product + hg_product_error_d(a, b, product);
#endif
    return sum;
}

HG_INLINE hg_two_d hg_times_d(hg_two_d a, hg_two_d b)                  /* a*b to nearly two words */
{
    hg_two_d product;
    product.high = a.high * b.high;
    product.low = hg_fma_d(a.low, b.high, hg_fma_d(a.high, b.low, hg_product_error_d(a.high, b.high, product.high)));
    return product;
}

HG_INLINE double hg_rounded_product_d(hg_two_d a, hg_two_d b)           /* a*b, rounded nearly once */
{
#ifdef HG_FUSED
    return fma(a.high, b.high, fma(a.low, b.high, a.high * b.low));
#else
    hg_two_d product = hg_times_d(a, b);
    return product.high + product.low;
#endif
}

HG_INLINE hg_two_d hg_reciprocal_d(hg_two_d q)                        /* 1/q = w*(1 + c), c = 1 - q*w */
{
    double w = 1.0 / q.high;
    hg_two_d inverse = {w, w * hg_fma_d(-q.low, w, hg_residual_d(q.high, w, 1.0))};
    return inverse;
}

HG_INLINE uint64_t hg_bits_d(double x) { uint64_t b; memcpy(&b, &x, sizeof b); return b; }
HG_INLINE double hg_of_bits_d(uint64_t b) { double x; memcpy(&x, &b, sizeof x); return x; }

/* 2^(k + more), where k is the whole number that was rounded into the last bits of 0x1.8p52 + k */
HG_INLINE double hg_power_of_two_d(uint64_t shifted, int more) { return hg_of_bits_d((shifted + (uint64_t)(1023 + more)) << 52); }

HG_INLINE double hg_abs_d(double x) { return fabs(x); }
HG_INLINE double hg_sign_d(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x; }
HG_INLINE double hg_max_d(double a, double b) { return a > b || a != a ? a : b; }      /* a nan stays, whichever it is */
HG_INLINE double hg_min_d(double a, double b) { return a < b || a != a ? a : b; }
HG_INLINE double hg_capped_d(double x, double top) { return x > top ? top : x; }       /* a nan stays */
HG_INLINE double hg_floored_d(double x, double bottom) { return x < bottom ? bottom : x; }

/* x = k*log(2) + r with |r| <= 0.347: e^x = 2^k*(1 + p), p = e^r - 1 = r + r^2*(1/2 + r/6 + ...) */
HG_INLINE uint64_t hg_split_d(double x, double *r)
{
    double shifted = hg_fma_d(x, 0x1.71547652b82fep+0, 0x1.8p52);
    double k = shifted - 0x1.8p52;
    *r = hg_fma_d(k, -0x1.a39ef35793c76p-33, hg_fma_d(k, -0x1.62e42feep-1, x));
    return hg_bits_d(shifted);
}

HG_INLINE double hg_exp_less_one_d(double r)
{
    double p = hg_exp_series_d(r);
    return hg_fma_d(r * r, p, r);
}

/* 2^k*e^r: 2^k in two halves, so that the result is rounded once more only where it is subnormal */
HG_INLINE double hg_exp_joined_d(uint64_t k, double r)
{
    uint64_t half = ((k + 2048) >> 1) - 2048 / 2;
    double s = hg_power_of_two_d(half, 0);
    return hg_fma_d(hg_exp_less_one_d(r), s, s) * hg_power_of_two_d(k - half, 0);
}

HG_INLINE double hg_exp_d(double x)
{
    double r;
    uint64_t k = hg_split_d(hg_capped_d(hg_floored_d(x, -746.0), 710.0), &r);
    return hg_exp_joined_d(k, r);
}

/* e^(h + l); l counts only where e^h is a finite number, so that h = -inf gives 0 whatever l is */
HG_INLINE double hg_exp_two_d(double h, double l)
{
    double r, x = hg_capped_d(hg_floored_d(h, -746.0), 710.0);
    uint64_t k = hg_split_d(x, &r);
    return hg_exp_joined_d(k, x == h ? r + l : r);
}

/* e^(a - b): the rounding error of the difference (Knuth) is put back in the exponent */
HG_INLINE double hg_exp_difference_d(double a, double b)
{
    hg_two_d difference = hg_sum_d(a, -b);
    return hg_exp_two_d(difference.high, difference.low);
}

/* e^(-x^2/2), the square in two words */
HG_INLINE double hg_bell_d(double x)
{
    double a = hg_capped_d(hg_abs_d(x), 100.0), square = a * a;
    return hg_exp_two_d(-0.5 * square, -0.5 * hg_product_error_d(a, a, square));
}

/* 1/cosh(x) = 2*e/(1 + e^2), e = e^-|x| */
HG_INLINE double hg_sech_d(double x)
{
    double e = hg_exp_d(-hg_abs_d(x));
    return 2.0 * e / (1.0 + e * e);
}

/* e^x - 1 = 2^k*p + (2^k - 1); for the last power of two half of it is doubled */
HG_INLINE double hg_expm1_d(double x)
{
    double r, c = hg_capped_d(hg_floored_d(x, -40.0), 710.0);
    int last = c > 709.0;
    uint64_t k = hg_split_d(c, &r);
    double s = hg_power_of_two_d(last ? k - 1 : k, 0);
    double value = hg_fma_d(s, hg_exp_less_one_d(r), s - 1.0);
    return last ? value * 2.0 : value;
}

/* 2^k*e^r*2^512 in two words, for k <= 0: the factor keeps what follows out of the subnormal numbers until it is divided out, by *0x1p-512 */
HG_INLINE hg_two_d hg_exp_raised_joined_d(uint64_t k, double r)
{
    double s = hg_power_of_two_d(k, 512), p = hg_exp_less_one_d(r);
    hg_two_d e;
    e.high = hg_fma_d(p, s, s);
    e.low = hg_fma_d(p, s, s - e.high);
    return e;
}

HG_INLINE hg_two_d hg_exp_raised_d(double x)                                /* e^x*2^512 for x <= 0 */
{
    double r;
    uint64_t k = hg_split_d(hg_floored_d(x, -800.0), &r);
    return hg_exp_raised_joined_d(k, r);
}

HG_INLINE hg_two_d hg_exp_raised_two_d(double x, double low)                  /* e^(x + low)*2^512 for -800.0 <= x <= 0 */
{
    double r;
    uint64_t k = hg_split_d(x, &r);
    return hg_exp_raised_joined_d(k, r + low);
}

/* log(2^k*(1 + f)) for 1 + f in [sqrt(1/2), sqrt(2)]: with s = f/(2 + f), log(1 + f) = 2*atanh(s) = f - (f^2/2 - s*(f^2/2 + s^2*(2/3 + ...))) */
HG_INLINE double hg_log_of_d(double k, double f)
{
    double s = f / (2.0 + f), u = s * s, half = 0.5 * f * f;
    double rest = u * hg_atanh_series_d(u);
    return hg_fma_d(k, 0x1.62e42feep-1, f - (half - hg_fma_d(s, half + rest, k * 0x1.a39ef35793c76p-33)));
}

HG_INLINE double hg_log_edges_d(double x, double value)                   /* the logarithm of x where it is no finite number */
{
    value = x < (double)INFINITY ? value : x;
    return x > 0.0 ? value : x == 0.0 ? -(double)INFINITY : (double)NAN;
}

HG_INLINE uint64_t hg_exponent_d(uint64_t i) { return (i + (hg_bits_d(1.0) - hg_bits_d(0x1.6a09e667f3bcdp-1))) >> 52; }
HG_INLINE double hg_number_d(uint64_t exponent) { return hg_of_bits_d(hg_bits_d(0x1p52) + exponent) - (0x1p52 + 1023.0); }

HG_INLINE double hg_log_d(double x)
{
    int small = x < 0x1p-1022;
    uint64_t i = hg_bits_d(small ? x * 0x1p52 : x), exponent = hg_exponent_d(i);
    double m = hg_of_bits_d(i - (exponent << 52) + hg_bits_d(1.0));
    return hg_log_edges_d(x, hg_log_of_d(hg_number_d(exponent) - (small ? 52.0 : 0.0), m - 1.0));
}

/* log(1 + x): what 1 + x loses in rounding, over 2^k, is given back to f */
HG_INLINE double hg_log1p_d(double x)
{
    double w = 1.0 + x, lost = x < 1.0 ? x - (w - 1.0) : 1.0 - (w - x);
    uint64_t i = hg_bits_d(w), exponent = hg_exponent_d(i);
    double m = hg_of_bits_d(i - (exponent << 52) + hg_bits_d(1.0));
    double scale = hg_of_bits_d(((uint64_t)(2 * 1023 + 1) - exponent) << 52);      /* 2^(1 - k) */
    double value = hg_log_of_d(hg_number_d(exponent), (m - 1.0) + lost * (0.5 * scale));
    return x == 0.0 ? x : hg_log_edges_d(w, value);
}

/* For a >= 0: near = sigmoid(a) = 1/(1 + e^-a), far = sigmoid(-a)*2^512 = e^-a/(1 + e^-a)*2^512, sum = 1 + e^-a, each in two words */
typedef struct { hg_two_d near, far, sum, e; } hg_logistic_d;

HG_INLINE hg_logistic_d hg_logistic_of_d(double a)
{
    hg_logistic_d l;
    l.e = hg_exp_raised_d(-a);
    l.sum.high = hg_fma_d(l.e.high, 0x1p-512, 1.0);
    l.sum.low = hg_fma_d(l.e.low, 0x1p-512, hg_fma_d(l.e.high, 0x1p-512, 1.0 - l.sum.high));
    l.near = hg_reciprocal_d(l.sum);
    l.far = hg_times_d(l.e, l.near);
    return l;
}

/* 1/(1 + e^-x), for x < 0 as e^x/(1 + e^x) */
HG_INLINE double hg_sigmoid_d(double x)
{
    hg_logistic_d l = hg_logistic_of_d(hg_abs_d(x));
    return x >= 0.0 ? l.near.high + l.near.low : (l.far.high + l.far.low) * 0x1p-512;
}

/* sigmoid(x)*sigmoid(-x) = e*w^2, e = e^-|x|, w = 1/(1 + e): never 1 - sigmoid(x) */
HG_INLINE double hg_sigmoid_slope_d(double x)
{
    hg_logistic_d l = hg_logistic_of_d(hg_abs_d(x));
    return hg_rounded_product_d(l.far, l.near) * 0x1p-512;
}

/* log(1 + e^x) = max(x, 0) + log1p(e), log1p(e) = e*(1 - e/2 + ...), e = e^-|x| */
HG_INLINE double hg_softplus_d(double x)
{
    hg_two_d raised = hg_exp_raised_d(-hg_abs_d(x));
    double e = raised.high * 0x1p-512, series = hg_log1p_series_d(e);
    double value = hg_rounded_product_d(raised, hg_fma_two_d(e, series, 1.0));
    return x > 0.0 ? hg_fma_d(value, 0x1p-512, x) : value * 0x1p-512;
}

/* (1 - e)/(1 + e) with the sign of x, e = e^(-2|x|); 1 - e = (1 - 2^k) - 2^k*p, exactly -p where k = 0 */
HG_INLINE double hg_tanh_d(double x)
{
    double r, a = -2.0 * hg_abs_d(x);
    uint64_t k = hg_split_d(hg_floored_d(a, -800.0), &r);
    double s = hg_power_of_two_d(k, 512) * 0x1p-512, p = hg_exp_less_one_d(r);
    hg_logistic_d l = hg_logistic_of_d(-a);
    hg_two_d less;
    double square = r * r * hg_exp_series_d(r);
    less.high = hg_fma_d(-s, p, 1.0 - s);
    less.low = s == 1.0 ? (p - r) - square : hg_fma_d(-s, p, (1.0 - s) - less.high);
    return copysign(hg_rounded_product_d(less, l.near), x);
}

/* 1 - tanh(x)^2 = 4*e*w^2, e = e^(-2|x|); the 4 is part of the power of two */
HG_INLINE double hg_tanh_slope_d(double x)
{
    hg_logistic_d l = hg_logistic_of_d(2.0 * hg_abs_d(x));
    return hg_rounded_product_d(l.far, l.near) * (4.0 * 0x1p-512);
}

/* x*sigmoid(x), the factors in two words; -0 at -inf */
HG_INLINE double hg_silu_d(double x)
{
    hg_logistic_d l = hg_logistic_of_d(hg_abs_d(x));
    int left = x < 0.0;
    double c = hg_floored_d(x, -800.0), bounded = hg_capped_d(c, 800.0);
    double high = left ? l.far.high : l.near.high, low = left ? l.far.low : l.near.low;
    return hg_fma_d(c, high, bounded * low) * (left ? 0x1p-512 : 1.0);
}

/* 1 + e^-z - z in two words, the sum given. It is zero at root = 1.2785, where e^-root = root - 1; beside it, with d = z - root, it is expanded:
 * -d*(1 + (root - 1)*(1 - e^-d)/d) */
HG_INLINE hg_two_d hg_silu_rest_d(hg_two_d sum, double z)
{
    double from = z - 0x1.474973c84120bp+0, d = from - 0x1.f8d74bc9ac154p-54, lost = (from - d) - 0x1.f8d74bc9ac154p-54;
    double factor = hg_fma_d(0x1.1d25cf210482ep-2, hg_silu_series_d(d), 1.0), product = -d * factor;
    hg_two_d rest = hg_sum_d(sum.high, -z);
    int beside = hg_abs_d(d) < 0.0625;
    rest.low = beside ? hg_fma_d(-lost, factor, hg_product_error_d(-d, factor, product)) : rest.low + sum.low;
    rest.high = beside ? product : rest.high;
    return rest;
}

/* For x = -z <= 0: e*w^2*(1 + e - z), e = e^-z; the slope at x is 1 less that at -x */
HG_INLINE double hg_silu_slope_d(double x)
{
    hg_logistic_d l = hg_logistic_of_d(hg_abs_d(x));
    hg_two_d rest = hg_silu_rest_d(l.sum, hg_capped_d(hg_abs_d(x), 800.0));
    double slope = hg_rounded_product_d(hg_times_d(l.far, l.near), rest) * 0x1p-512;
    return x > 0.0 ? 1.0 - slope : slope;
}

/* y = 1/(z + 0x1.400000p+2) in two words, t = (z - 0x1.400000p+2)/(z + 0x1.400000p+2) = 1 - 2*0x1.400000p+2*y, for 0 <= z <= 39.0 with a low word */
HG_INLINE hg_two_d hg_tail_variable_d(double z, double low, double *t)
{
    hg_two_d q;
    q.high = z + 0x1.400000p+2;
    q.low = z - (q.high - 0x1.400000p+2) + low;
    hg_two_d y = hg_reciprocal_d(q);
    *t = hg_fma_d(-2.0 * 0x1.400000p+2, y.low, hg_residual_d(2.0 * 0x1.400000p+2, y.high, 1.0));
    return y;
}

/* e^(-z^2/2)*2^512: the square in two words, or the tail would lose as many digits as z^2 has */
HG_INLINE hg_two_d hg_bell_raised_d(double z)
{
    double square = z * z;
    return hg_exp_raised_two_d(-0.5 * square, -0.5 * hg_product_error_d(z, z, square));
}

/* 1 - Phi(z) = e^(-z^2/2)*R(z), R(z) = y*G(t), of which the first factor is given; times 2^512 */
HG_INLINE hg_two_d hg_normal_tail_d(hg_two_d bell, double z, double low)
{
    double t;
    hg_two_d y = hg_tail_variable_d(z, low, &t);
    double rest = hg_tail_series_d(t);
    return hg_times_d(hg_times_d(bell, y), hg_fma_two_d(t, rest, 0x1.89d3abe1f95aep-1));
}

/* Phi(x): the tail for x < 0, 1 less the tail for x >= 0 */
HG_INLINE double hg_normal_cdf_d(double x)
{
    double z = hg_capped_d(hg_abs_d(x), 39.0);
    hg_two_d tail = hg_normal_tail_d(hg_bell_raised_d(z), z, 0.0);
    double q = (tail.high + tail.low) * 0x1p-512;
    return x < 0.0 ? q : 1.0 - q;
}

/* erfc(x) = 2*(1 - Phi(z)), z = x*sqrt(2); e^(-x^2) is taken of x itself */
HG_INLINE double hg_erfc_d(double x)
{
    double a = hg_capped_d(hg_abs_d(x), 27.5), square = a * a;
    hg_two_d bell = hg_exp_raised_two_d(-square, -hg_product_error_d(a, a, square));
    double z = a * 0x1.6a09e667f3bcdp+0, low = hg_fma_d(a, -0x1.bdd3413b26456p-54, hg_product_error_d(a, 0x1.6a09e667f3bcdp+0, z));
    hg_two_d tail = hg_normal_tail_d(bell, z, low);
    double q = (tail.high + tail.low) * (2.0 * 0x1p-512);
    return x < 0.0 ? 2.0 - q : q;
}

/* erf(x) = x + x*P(x^2) for |x| < 1, else 1 - erfc(|x|) with the sign of x */
HG_INLINE double hg_erf_d(double x)
{
    double a = hg_abs_d(x), square = hg_capped_d(a, 1.0) * a;
    double inner = hg_erf_series_d(square);
    return a < 1.0 ? hg_fma_d(x, inner, x) : copysign(1.0 - hg_erfc_d(a), x);
}

/* x*Phi(x), the factors in two words; -0 at -inf */
HG_INLINE double hg_gelu_d(double x)
{
    double z = hg_capped_d(hg_abs_d(x), 39.0);
    hg_two_d tail = hg_normal_tail_d(hg_bell_raised_d(z), z, 0.0);
    int left = x < 0.0;
    double q = tail.high * 0x1p-512, one = 1.0 - q;
    double high = left ? tail.high : one, low = left ? tail.low : hg_fma_d(-tail.low, 0x1p-512, (1.0 - one) - q);
    return hg_fma_d(left ? -z : x, high, (left ? -z : z) * low) * (left ? 0x1p-512 : 1.0);
}

/* Phi(x) + x*phi(x); for x = -z <= 0 it is e^(-z^2/2)*(R(z) - z/sqrt(2*pi)) = e^(-z^2/2)*(root - z)*K(t), and the slope at x is 1 less that at -x.
 * root = 0.7518 in two words: expanded about it, the difference keeps its digits there too. */
HG_INLINE double hg_gelu_slope_d(double x)
{
    double t, z = hg_capped_d(hg_abs_d(x), 39.0);
    hg_tail_variable_d(z, 0.0, &t);
    hg_two_d distance = hg_sum_d(0x1.80ead197f00b4p-1, -z);
    distance.low += -0x1.13e74c58cada8p-56;
    double rest = hg_gelu_series_d(t);
    hg_two_d factor = hg_fma_two_d(t, rest, 0x1.ce451b41a3ba0p-2);
    double slope = hg_rounded_product_d(hg_times_d(hg_bell_raised_d(z), distance), factor) * 0x1p-512;
    return x > 0.0 ? 1.0 - slope : slope;
}

/* What the C library rounds well enough; float sinh and cosh in double */
HG_INLINE double hg_sqrt_d(double x) { return sqrt(x); }
HG_INLINE double hg_pow_d(double x, double y) { return pow(x, y); }
HG_INLINE double hg_sin_d(double x) { return sin(x); }
HG_INLINE double hg_cos_d(double x) { return cos(x); }
HG_INLINE double hg_tan_d(double x) { return tan(x); }
HG_INLINE double hg_sinh_d(double x) { return (double)sinh((double)x); }
HG_INLINE double hg_cosh_d(double x) { return (double)cosh((double)x); }

#endif
