/* Matrix products: out[r,c] = the sum over t of left[r,t]*right[t,c], factors of any strides.
 * Tiles of sums stand in registers while blocks of terms go through; factors are packed so that they are read in order. In single precision the factors are
 * rounded to it, the terms of one block are summed up in it, and the blocks in the type of the result. Rows are shared by the threads, and the order of adding
 * does not depend on how many there are. */
#ifndef HG_PRODUCTS_H
#define HG_PRODUCTS_H
#if defined(__AVX512F__)
#define HG_WIDTH 64
#define HG_TALL 12
#elif defined(__AVX__)
#define HG_WIDTH 32
#define HG_TALL 6
#else
#define HG_WIDTH 16
#define HG_TALL 6
#endif
#define HG_LANES ((int64_t)(HG_WIDTH / sizeof(HG_REAL)))
#define HG_BROAD (2 * HG_LANES)
#define HG_TERMS 256
#define HG_ROWS (HG_TALL * 4)
#if defined(__clang__)
#define HG_FUSING
#pragma clang fp contract(fast)
#else
#define HG_FUSING __attribute__((optimize("fp-contract=fast")))
#endif
typedef HG_REAL hg_lanes __attribute__((vector_size(HG_WIDTH)));
typedef struct { const void *at; int64_t row, column; int is_float; } hg_factor;
typedef struct {
  hg_factor left, right;
  int64_t rows, columns, terms;
  void *out;
  int is_float, failed;
  HG_REAL *packed, *room;
} hg_matrices;

static HG_REAL hg_at(const hg_factor *f, int64_t row, int64_t column) {
  const int64_t at = row * f->row + column * f->column;
  return (HG_REAL)(f->is_float ? ((const float *)f->at)[at] : ((const double *)f->at)[at]);
}

static void hg_keep(const hg_matrices *m, int64_t at, double value, int is_first) {
  if (m->is_float) ((float *)m->out)[at] = (float)(is_first ? value : value + ((float *)m->out)[at]);
  else ((double *)m->out)[at] = is_first ? value : value + ((double *)m->out)[at];
}

/* HG_TALL rows of HG_BROAD sums over so many terms */
HG_FUSING static void hg_tile(int64_t terms, const HG_REAL *left, const HG_REAL *right, HG_REAL *out) {
  hg_lanes sum[HG_TALL][2] = {{{0}}};
  for (int64_t t = 0; t < terms; t++, left += HG_TALL, right += HG_BROAD) {
    hg_lanes first, second;
    memcpy(&first, right, sizeof first);
    memcpy(&second, right + HG_LANES, sizeof second);
#pragma GCC unroll 12
    for (int r = 0; r < HG_TALL; r++) {
      sum[r][0] += left[r] * first;
      sum[r][1] += left[r] * second;
    }
  }
  memcpy(out, sum, sizeof sum);
}

/* One block of rows: its factors packed, then tile by tile */
static void hg_rows(void *state, int64_t part, int worker) {
  const hg_matrices *const m = state;
  const int64_t low = part * HG_ROWS, rows = m->rows - low < HG_ROWS ? m->rows - low : HG_ROWS, panels = (m->columns + HG_BROAD - 1) / HG_BROAD;
  HG_REAL *const left = m->room + worker * (HG_ROWS * HG_TERMS + HG_TALL * HG_BROAD), *const tile = left + HG_ROWS * HG_TERMS;
  for (int64_t start = 0; start < m->terms; start += HG_TERMS) {
    const int64_t terms = m->terms - start < HG_TERMS ? m->terms - start : HG_TERMS;
    for (int64_t r = 0; r < HG_ROWS; r++) for (int64_t t = 0; t < terms; t++)
      left[(r / HG_TALL * terms + t) * HG_TALL + r % HG_TALL] = r < rows ? hg_at(&m->left, low + r, start + t) : 0;
    for (int64_t p = 0; p < panels; p++) for (int64_t r = 0; r < rows; r += HG_TALL) {
      const int64_t tall = rows - r < HG_TALL ? rows - r : HG_TALL, broad = m->columns - p * HG_BROAD < HG_BROAD ? m->columns - p * HG_BROAD : HG_BROAD;
      hg_tile(terms, left + r * terms, m->packed + start * panels * HG_BROAD + p * terms * HG_BROAD, tile);
      for (int64_t i = 0; i < tall; i++) for (int64_t j = 0; j < broad; j++)
        hg_keep(m, (low + r + i) * m->columns + p * HG_BROAD + j, tile[i * HG_BROAD + j], start == 0);
    }
  }
}

/* Some columns of the right factor, packed */
static void hg_columns(void *state, int64_t p, int worker) {
  const hg_matrices *const m = state;
  const int64_t panels = (m->columns + HG_BROAD - 1) / HG_BROAD;
  (void)worker;
  for (int64_t start = 0; start < m->terms; start += HG_TERMS) {
    const int64_t terms = m->terms - start < HG_TERMS ? m->terms - start : HG_TERMS;
    HG_REAL *const to = m->packed + start * panels * HG_BROAD + p * terms * HG_BROAD;
    for (int64_t t = 0; t < terms; t++) for (int64_t j = 0; j < HG_BROAD; j++)
      to[t * HG_BROAD + j] = p * HG_BROAD + j < m->columns ? hg_at(&m->right, start + t, p * HG_BROAD + j) : 0;
  }
}

/* 0, and 1 where there is no memory */
static int __attribute__((unused)) hg_product(hg_matrices m, int threads) {
  const int64_t panels = (m.columns + HG_BROAD - 1) / HG_BROAD, parts = (m.rows + HG_ROWS - 1) / HG_ROWS;
  const int workers = threads < 1 || (double)m.rows * m.columns * m.terms < 1e5 ? 1 : threads;
  if (m.terms == 0) for (int64_t at = 0; at < m.rows * m.columns; at++) hg_keep(&m, at, 0.0, 1);
  if (m.rows == 0 || m.columns == 0 || m.terms == 0) return 0;
  m.packed = hg_room(1.0 * m.terms * panels * HG_BROAD, sizeof(HG_REAL));
  m.room = hg_room(1.0 * workers * (HG_ROWS * HG_TERMS + HG_TALL * HG_BROAD), sizeof(HG_REAL));
  if (m.packed && m.room) {
    hg_parallel(hg_columns, &m, panels, workers);
    hg_parallel(hg_rows, &m, parts, workers);
  } else {
    m.failed = 1;
  }
  free(m.packed);
  free(m.room);
  return m.failed;
}
#endif
