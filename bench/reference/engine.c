/*
 * The limit beside the window engine: the same semantics by the plainest fast C, one thread.
 *
 *   gcc -O3 -march=native -ffp-contract=off -o engine engine.c
 *   ./engine series=100000 minutes=20 seed=1 [warm=250] [segments=1] [wait=1] [group=256] [prefetch=1] [huge=0]
 *            [ahead=8] [top=lanes|chain|branch] [odd=0]
 *
 * Per series one 64-byte header and one block: values double[capacity], then times uint32[capacity], ms from the base
 * of the series. Sorted by event time, each identity (series, ms) once:
 *   newer than the newest -> append; otherwise binary search and duplicate, conflict (the first to arrive stays) or
 *   insertion by memmove. NaN is a reading that does not count: it gives way to a counting one of the same identity.
 *   Older than now - 2 h -> filed late (now = newest accepted event time). A full block drops what the horizon left.
 * Emission at each minute of event time, every series: count, mean, min, max and p95 of [end - 1 h, end).
 *   mean = (lane0 + lane1) / count, lane = index from the window's start & 1
 *   p95  = lower + (upper - lower) * fraction, at = 0.95 * (count - 1), the order statistics floor(at) and the next
 *
 * The stream, the same in bench/engine/stream.ts. next(): mulberry32 on one state, seeded with `seed`;
 * below(n) = (uint64) next() * n >> 32. Series s reports from minute startOf(s) = (s * 0x9E3779B1 mod 2^32) * 120 >> 32
 * on (blocks then fill and drop at different times). For minute m, for s ascending, when startOf(s) <= m:
 *   time = START_MS + m * 60000 + below(60000); value = (2000 + s % 997 + below(4000)) / 100; fate = below(1000)
 *   odd > 0 only: o = below(1000); o < odd: value = NaN
 *   fate < 10: held back, delivered in minute m + 1 + below(60)
 *   else: delivered in this minute; fate < 20: delivered once more in minute m + 1
 *         (odd > 0 only: o >= 1000 - odd: once more with value + 1, a conflict, in minute m + 1)
 * then what was held for this minute in the order of holding, then a Fisher-Yates shuffle of it all:
 *   for i = n - 1 down to 1: swap order[i], order[below(i + 1)].
 *
 * CPU time (CLOCK_PROCESS_CPUTIME_ID) is read around ingest and around emission only. Output: a line of JSON for each
 * segment of `minutes`; with wait=1 a segment starts when a line comes in on stdin.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif
#ifndef WIDTH
#define WIDTH 4
#endif

enum { MINUTE_MS = 60000, HOUR_MS = 3600000, HORIZON_MS = 2 * HOUR_MS, STAGGER_MINUTES = 120, HELD_MINUTES = 64 };
enum { CAPACITY = 160, TOP = 4, WARM_EMISSIONS = 2 };
enum { COUNTED, INVALID, DUPLICATE, CONFLICT, LATE, OUTCOMES };
static const double START_MS = 1768435200000.0;

/* ---------------------------------------------------------------- engine */

typedef struct {
  double newest;
  double base;
  double *values;
  uint32_t *times;
  uint32_t count;
  uint32_t capacity;
  /** Where the last window began: where the next one is looked for first. */
  uint32_t cursor;
  /** Kept readings that do not count. */
  uint32_t invalid;
  uint64_t unused[2];
} Series;
_Static_assert(sizeof(Series) == 64, "a header is a cache line");

typedef struct {
  uint32_t *series;
  double *time;
  double *value;
  uint8_t *outcome;
  uint32_t count, capacity;
} Batch;

typedef struct {
  uint32_t *series, *count;
  double *mean, *min, *max, *p95;
} Rows;

typedef struct {
  double now;
  uint32_t seriesCount, group, ahead;
  bool prefetch;
  int top;
  Series *series;
  double *scratch;
  uint32_t scratchCapacity;
} Engine;

static void *must(void *memory) {
  if (memory == NULL || memory == MAP_FAILED) {
    fprintf(stderr, "cannot get memory\n");
    exit(1);
  }
  return memory;
}

static void *pages(size_t bytes, bool huge) {
  void *memory = must(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (huge) madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

static size_t blockBytes(uint32_t capacity) {
  return (size_t)capacity * (sizeof(double) + sizeof(uint32_t));
}

static void createEngine(Engine *engine, uint32_t seriesCount, bool huge) {
  engine->now = -INFINITY;
  engine->seriesCount = seriesCount;
  engine->series = pages((size_t)seriesCount * sizeof(Series), huge);
  engine->scratchCapacity = CAPACITY;
  engine->scratch = must(malloc(CAPACITY * sizeof(double)));
  char *blocks = pages((size_t)seriesCount * blockBytes(CAPACITY), huge);
  for (uint32_t s = 0; s < seriesCount; s++) {
    Series *at = &engine->series[s];
    at->newest = -INFINITY;
    at->values = (double *)(blocks + (size_t)s * blockBytes(CAPACITY));
    at->times = (uint32_t *)(at->values + CAPACITY);
    at->capacity = CAPACITY;
  }
}

static uint32_t lowerBound(const uint32_t *times, uint32_t count, double time) {
  uint32_t low = 0, high = count;
  while (low < high) {
    const uint32_t middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Drops what the horizon left behind; a block that stays nearly full gets twice the room. */
static void makeRoom(Series *at, double horizonStart) {
  const uint32_t drop = lowerBound(at->times, at->count, horizonStart - at->base);
  for (uint32_t i = 0; i < drop; i++) at->invalid -= isnan(at->values[i]);
  at->count -= drop;
  at->cursor = at->cursor > drop ? at->cursor - drop : 0;
  const double *values = at->values + drop;
  const uint32_t *times = at->times + drop;
  if (at->count > at->capacity - at->capacity / 8) {
    at->capacity *= 2;
    at->values = must(malloc(blockBytes(at->capacity)));
    at->times = (uint32_t *)(at->values + at->capacity);
  }
  memmove(at->values, values, at->count * sizeof(double));
  memmove(at->times, times, at->count * sizeof(uint32_t));
  if (at->count > 0 && at->times[0] > 1u << 31) {
    const uint32_t shift = at->times[0] - HORIZON_MS;
    for (uint32_t i = 0; i < at->count; i++) at->times[i] -= shift;
    at->base += shift;
  }
}

static int __attribute__((noinline)) insertOld(Engine *engine, Series *at, double time, double value) {
  uint32_t index = lowerBound(at->times, at->count, time - at->base);
  if (index < at->count && at->times[index] == time - at->base) {
    if (isnan(value)) return DUPLICATE;
    if (isnan(at->values[index])) {
      at->values[index] = value;
      at->invalid--;
      return COUNTED;
    }
    return at->values[index] == value ? DUPLICATE : CONFLICT;
  }
  if (at->count == at->capacity) {
    makeRoom(at, engine->now - HORIZON_MS);
    index = lowerBound(at->times, at->count, time - at->base);
  }
  memmove(at->values + index + 1, at->values + index, (at->count - index) * sizeof(double));
  memmove(at->times + index + 1, at->times + index, (at->count - index) * sizeof(uint32_t));
  at->values[index] = value;
  at->times[index] = (uint32_t)(time - at->base);
  at->count++;
  at->invalid += isnan(value);
  return isnan(value) ? INVALID : COUNTED;
}

static inline int accept(Engine *engine, Series *at, double time, double value) {
  if (time < engine->now - HORIZON_MS) return LATE;
  value += 0.0; /* -0 becomes 0 */
  if (time <= at->newest) return insertOld(engine, at, time, value);
  if (at->count == 0) at->base = time - HORIZON_MS;
  else if (at->count == at->capacity) makeRoom(at, engine->now - HORIZON_MS);
  at->values[at->count] = value;
  at->times[at->count] = (uint32_t)(time - at->base);
  at->count++;
  at->newest = time;
  if (time > engine->now) engine->now = time;
  if (isnan(value)) {
    at->invalid++;
    return INVALID;
  }
  return COUNTED;
}

static void ingest(Engine *engine, const Batch *batch) {
  Series *const all = engine->series;
  for (uint32_t from = 0; from < batch->count; from += engine->group) {
    const uint32_t to = from + engine->group < batch->count ? from + engine->group : batch->count;
    if (engine->prefetch) {
      for (uint32_t i = from; i < to; i++) __builtin_prefetch(&all[batch->series[i]], 1);
      for (uint32_t i = from; i < to; i++) {
        const Series *at = &all[batch->series[i]];
        __builtin_prefetch(at->values + at->count, 1);
        __builtin_prefetch(at->times + at->count, 1);
      }
    }
    for (uint32_t i = from; i < to; i++) {
      batch->outcome[i] = accept(engine, &all[batch->series[i]], batch->time[i], batch->value[i]);
    }
  }
}

/* -------------------------------------------------------------- emission */

typedef struct {
  double sum, min, max;
  /** Greatest first. */
  double top[TOP];
} Fold;

static inline double lesser(double a, double b) { return a < b ? a : b; }
static inline double greater(double a, double b) { return a > b ? a : b; }

static inline void offerBranch(double *top, double value) {
  if (value <= top[3]) return;
  int at = 3;
  for (; at > 0 && top[at - 1] < value; at--) top[at] = top[at - 1];
  top[at] = value;
}

static inline void offerChain(double *top, double value) {
  for (int k = 0; k < TOP; k++) {
    const double rest = lesser(top[k], value);
    top[k] = greater(top[k], value);
    value = rest;
  }
}

static inline void offer(double *top, double value, bool branch) {
  if (branch) offerBranch(top, value);
  else offerChain(top, value);
}

static inline Fold foldScalar(const double *values, uint32_t count, bool branch) {
  Fold fold = {0, values[0], values[0], {-INFINITY, -INFINITY, -INFINITY, -INFINITY}};
  double even = 0, odd = 0;
  uint32_t i = 0;
  for (; i + 1 < count; i += 2) {
    even += values[i];
    odd += values[i + 1];
    fold.min = lesser(fold.min, lesser(values[i], values[i + 1]));
    offer(fold.top, values[i], branch);
    offer(fold.top, values[i + 1], branch);
  }
  if (i < count) {
    even += values[i];
    fold.min = lesser(fold.min, values[i]);
    offer(fold.top, values[i], branch);
  }
  fold.sum = even + odd;
  fold.max = fold.top[0];
  return fold;
}

/** Lanes: top[k] holds the k-th greatest of every lane; value by value the network of offerChain, WIDTH at a time. */
typedef double Vector __attribute__((vector_size(WIDTH * 8), aligned(8)));
typedef int64_t Mask __attribute__((vector_size(WIDTH * 8), aligned(8)));

static inline Vector lesserOf(Vector a, Vector b) {
#if defined(__AVX512F__) && WIDTH == 8
  return _mm512_min_pd(a, b);
#elif defined(__AVX__) && WIDTH == 4
  return _mm256_min_pd(a, b);
#elif defined(__SSE2__) && WIDTH == 2
  return _mm_min_pd(a, b);
#else
  const Mask less = a < b;
  return (Vector)(((Mask)a & less) | ((Mask)b & ~less));
#endif
}

static inline Vector greaterOf(Vector a, Vector b) {
#if defined(__AVX512F__) && WIDTH == 8
  return _mm512_max_pd(a, b);
#elif defined(__AVX__) && WIDTH == 4
  return _mm256_max_pd(a, b);
#elif defined(__SSE2__) && WIDTH == 2
  return _mm_max_pd(a, b);
#else
  const Mask more = a > b;
  return (Vector)(((Mask)a & more) | ((Mask)b & ~more));
#endif
}

/** Of two falling lists the four greatest, falling: greater of one forwards and the other backwards, then sorted. */
static inline void mergeTop(double *a, const double *b) {
  const double w = greater(a[0], b[3]), x = greater(a[1], b[2]), y = greater(a[2], b[1]), z = greater(a[3], b[0]);
  const double wy = greater(w, y), yw = lesser(w, y), xz = greater(x, z), zx = lesser(x, z);
  a[0] = greater(wy, xz);
  a[1] = lesser(wy, xz);
  a[2] = greater(yw, zx);
  a[3] = lesser(yw, zx);
}

static inline Fold foldLanes(const double *values, uint32_t count) {
  if (count < WIDTH) return foldScalar(values, count, false);
  const Vector none = (Vector){0} - INFINITY;
  Vector least = none + INFINITY, top0 = none, top1 = none, top2 = none, top3 = none;
  least = *(const Vector *)values;
  double even = 0, odd = 0;
  uint32_t i = 0;
  for (; i + WIDTH <= count; i += WIDTH) {
    Vector value = *(const Vector *)(values + i);
    least = lesserOf(least, value);
    Vector rest = lesserOf(top0, value);
    top0 = greaterOf(top0, value);
    value = lesserOf(top1, rest);
    top1 = greaterOf(top1, rest);
    rest = lesserOf(top2, value);
    top2 = greaterOf(top2, value);
    top3 = greaterOf(top3, rest);
    for (int lane = 0; lane < WIDTH; lane += 2) {
      even += values[i + lane];
      odd += values[i + lane + 1];
    }
  }
  double lanes[WIDTH][TOP];
  Fold fold = {0, least[0], 0, {top0[0], top1[0], top2[0], top3[0]}};
  for (int lane = 1; lane < WIDTH; lane++) {
    fold.min = lesser(fold.min, least[lane]);
    lanes[lane][0] = top0[lane];
    lanes[lane][1] = top1[lane];
    lanes[lane][2] = top2[lane];
    lanes[lane][3] = top3[lane];
  }
  for (int step = WIDTH / 2; step > 1; step /= 2)
    for (int lane = 1; lane < step; lane++) mergeTop(lanes[lane], lanes[lane + step]);
  for (int lane = 1; lane < WIDTH; lane *= 2) mergeTop(fold.top, lanes[lane]);
  for (; i < count; i++) {
    if (i & 1) odd += values[i];
    else even += values[i];
    fold.min = lesser(fold.min, values[i]);
    offerChain(fold.top, values[i]);
  }
  fold.sum = even + odd;
  fold.max = fold.top[0];
  return fold;
}

/** Hoare's selection: afterwards values[at] is the order statistic and nothing right of it is less. */
static void selectNth(double *values, int count, int at) {
  int low = 0, high = count - 1;
  while (low < high) {
    const double pivot = values[at];
    int i = low, j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (pivot < values[j]) j--;
      if (i > j) break;
      const double swap = values[i];
      values[i++] = values[j];
      values[j--] = swap;
    }
    if (j < at) low = i;
    if (at < i) high = j;
  }
}

static void needScratch(Engine *engine, uint32_t count) {
  if (count <= engine->scratchCapacity) return;
  engine->scratchCapacity = count * 2;
  engine->scratch = must(realloc(engine->scratch, engine->scratchCapacity * sizeof(double)));
}

static inline double percentile95(Engine *engine, const double *values, uint32_t count, const double *top) {
  const double at = 0.95 * (count - 1);
  const uint32_t below = (uint32_t)at;
  const double fraction = at - below;
  const uint32_t rank = count - below; /* 1 is the greatest */
  if (rank == 1) return top[0];
  if (rank <= TOP) return top[rank - 1] + (top[rank - 2] - top[rank - 1]) * fraction;
  needScratch(engine, count);
  if (values != engine->scratch) memcpy(engine->scratch, values, count * sizeof(double));
  selectNth(engine->scratch, count, below);
  double above = engine->scratch[below + 1];
  for (uint32_t i = below + 2; i < count; i++) above = lesser(above, engine->scratch[i]);
  return engine->scratch[below] + (above - engine->scratch[below]) * fraction;
}

/** Counting readings of [low, high) next to each other. */
static uint32_t pickCounting(Engine *engine, const Series *at, uint32_t low, uint32_t high) {
  needScratch(engine, high - low);
  uint32_t count = 0;
  for (uint32_t i = low; i < high; i++) {
    if (!isnan(at->values[i])) engine->scratch[count++] = at->values[i];
  }
  return count;
}

static inline uint32_t windowStart(Series *at, double from) {
  uint32_t low = at->cursor < at->count ? at->cursor : at->count;
  while (low > 0 && at->times[low - 1] >= from) low--;
  while (low < at->count && at->times[low] < from) low++;
  at->cursor = low;
  return low;
}

/**
 * The lines that the window of a series will read; its header was fetched when the series was twice as far away.
 * Inlined by force: left to itself, gcc takes a function that only prefetches for one without effect and drops it.
 */
__attribute__((always_inline)) static inline void prefetchWindow(const Engine *engine, uint32_t s) {
  if (s + engine->ahead < engine->seriesCount) __builtin_prefetch(&engine->series[s + engine->ahead]);
  if (s >= engine->seriesCount) return;
  const Series *at = &engine->series[s];
  __builtin_prefetch(at->times + at->cursor);
  __builtin_prefetch(at->times + at->count - 1);
  const char *end = (const char *)(at->values + at->count);
  for (const char *line = (const char *)(at->values + at->cursor); line < end; line += 64) __builtin_prefetch(line);
}

static inline uint32_t rollingOf(Engine *engine, double end, double length, const Rows *rows, int how) {
  uint32_t row = 0;
  for (uint32_t s = 0; s < engine->seriesCount; s++) {
    if (engine->ahead > 0) prefetchWindow(engine, s + engine->ahead);
    Series *at = &engine->series[s];
    const uint32_t low = windowStart(at, end - length - at->base);
    uint32_t high = at->count;
    while (high > low && at->times[high - 1] >= end - at->base) high--;
    const double *values = at->values + low;
    uint32_t count = high - low;
    if (at->invalid > 0) {
      count = pickCounting(engine, at, low, high);
      values = engine->scratch;
    }
    if (count == 0) continue;
    const Fold fold = how == 0 ? foldLanes(values, count) : foldScalar(values, count, how == 2);
    rows->series[row] = s;
    rows->count[row] = count;
    rows->mean[row] = fold.sum / count;
    rows->min[row] = fold.min;
    rows->max[row] = fold.max;
    rows->p95[row] = percentile95(engine, values, count, fold.top);
    row++;
  }
  return row;
}

static uint32_t rolling(Engine *engine, double end, double length, const Rows *rows) {
  if (engine->top == 0) return rollingOf(engine, end, length, rows, 0);
  if (engine->top == 1) return rollingOf(engine, end, length, rows, 1);
  return rollingOf(engine, end, length, rows, 2);
}

/* ---------------------------------------------------------------- stream */

typedef struct {
  uint32_t state, seriesCount, odd;
  Batch held[HELD_MINUTES];
  Batch plain;
  uint32_t *order;
} Stream;

static inline uint32_t next(Stream *stream) {
  uint32_t t = stream->state += 0x6D2B79F5u;
  t = (t ^ (t >> 15)) * (t | 1u);
  t ^= t + (t ^ (t >> 7)) * (t | 61u);
  return t ^ (t >> 14);
}

static inline uint32_t below(Stream *stream, uint32_t n) { return (uint32_t)(((uint64_t)next(stream) * n) >> 32); }

static void push(Batch *batch, uint32_t series, double time, double value) {
  if (batch->count == batch->capacity) {
    batch->capacity = batch->capacity == 0 ? 64 : batch->capacity + batch->capacity / 2;
    batch->series = must(realloc(batch->series, batch->capacity * sizeof(uint32_t)));
    batch->time = must(realloc(batch->time, batch->capacity * sizeof(double)));
    batch->value = must(realloc(batch->value, batch->capacity * sizeof(double)));
    batch->outcome = must(realloc(batch->outcome, batch->capacity));
  }
  const uint32_t at = batch->count++;
  batch->series[at] = series;
  batch->time[at] = time;
  batch->value[at] = value;
}

static void report(Stream *stream, uint32_t minute, uint32_t s) {
  const double time = START_MS + (double)minute * MINUTE_MS + below(stream, MINUTE_MS);
  double value = (double)(2000 + s % 997 + below(stream, 4000)) / 100.0;
  const uint32_t fate = below(stream, 1000);
  const uint32_t odd = stream->odd > 0 ? below(stream, 1000) : 500;
  if (odd < stream->odd) value = NAN;
  if (fate < 10) {
    push(&stream->held[(minute + 1 + below(stream, 60)) % HELD_MINUTES], s, time, value);
    return;
  }
  push(&stream->plain, s, time, value);
  Batch *later = &stream->held[(minute + 1) % HELD_MINUTES];
  if (fate < 20) push(later, s, time, value);
  if (stream->odd > 0 && odd >= 1000 - stream->odd) push(later, s, time, value + 1);
}

static void fillMinute(Stream *stream, uint32_t minute, Batch *batch) {
  Batch *plain = &stream->plain;
  Batch *held = &stream->held[minute % HELD_MINUTES];
  plain->count = 0;
  for (uint32_t s = 0; s < stream->seriesCount; s++) {
    const uint32_t start = (uint32_t)(((uint64_t)(s * 0x9E3779B1u) * STAGGER_MINUTES) >> 32);
    if (start <= minute) report(stream, minute, s);
  }
  for (uint32_t i = 0; i < held->count; i++) push(plain, held->series[i], held->time[i], held->value[i]);
  held->count = 0;
  const uint32_t count = plain->count;
  stream->order = must(realloc(stream->order, (count + 1) * sizeof(uint32_t)));
  for (uint32_t i = 0; i < count; i++) stream->order[i] = i;
  for (uint32_t i = count; i-- > 1;) {
    const uint32_t j = below(stream, i + 1);
    const uint32_t swap = stream->order[i];
    stream->order[i] = stream->order[j];
    stream->order[j] = swap;
  }
  batch->count = 0;
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t from = stream->order[i];
    push(batch, plain->series[from], plain->time[from], plain->value[from]);
  }
}

/* --------------------------------------------------------------- measure */

typedef struct {
  uint64_t readings, windows, countSum, outcomes[OUTCOMES];
  uint32_t hashSum, hashXor;
  double ingestS, emitS;
} Tally;

static double cpuSeconds(void) {
  struct timespec at;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static inline uint32_t mix(uint32_t hash, uint32_t word) { return (hash ^ word) * 0x01000193u; }

static inline uint32_t mixDouble(uint32_t hash, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return mix(mix(hash, (uint32_t)bits), (uint32_t)(bits >> 32));
}

static void checkRows(Tally *tally, const Rows *rows, uint32_t count, uint32_t minute) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t hash = mix(mix(mix(0x811c9dc5u, minute), rows->series[i]), rows->count[i]);
    hash = mixDouble(mixDouble(mixDouble(mixDouble(hash, rows->mean[i]), rows->min[i]), rows->max[i]), rows->p95[i]);
    hash ^= hash >> 16;
    hash *= 0x85ebca6bu;
    hash ^= hash >> 13;
    tally->hashSum += hash;
    tally->hashXor ^= hash;
    tally->countSum += rows->count[i];
  }
  tally->windows += count;
}

static void runMinute(Engine *engine, Stream *stream, Batch *batch, const Rows *rows, uint32_t minute, bool emit,
                      Tally *tally) {
  fillMinute(stream, minute, batch);
  const double beforeS = cpuSeconds();
  ingest(engine, batch);
  const double ingestedS = cpuSeconds();
  uint32_t count = 0;
  if (emit) count = rolling(engine, START_MS + (double)(minute + 1) * MINUTE_MS, HOUR_MS, rows);
  const double emittedS = cpuSeconds();
  tally->ingestS += ingestedS - beforeS;
  tally->emitS += emittedS - ingestedS;
  tally->readings += batch->count;
  for (uint32_t i = 0; i < batch->count; i++) tally->outcomes[batch->outcome[i]]++;
  checkRows(tally, rows, count, minute);
}

static void print(const Tally *tally) {
  printf("{\"readings\":%llu,\"ingestCpuS\":%.6f,\"emitCpuS\":%.6f,\"windows\":%llu,\"bytesPerSeries\":%zu,",
         (unsigned long long)tally->readings, tally->ingestS, tally->emitS, (unsigned long long)tally->windows,
         sizeof(Series) + blockBytes(CAPACITY));
  printf("\"countSum\":%llu,\"hashSum\":%u,\"hashXor\":%u,\"outcomes\":[%llu,%llu,%llu,%llu,%llu]}\n",
         (unsigned long long)tally->countSum, tally->hashSum, tally->hashXor, (unsigned long long)tally->outcomes[0],
         (unsigned long long)tally->outcomes[1], (unsigned long long)tally->outcomes[2],
         (unsigned long long)tally->outcomes[3], (unsigned long long)tally->outcomes[4]);
  fflush(stdout);
}

static const char *option(int argc, char **argv, const char *name, const char *otherwise) {
  const size_t length = strlen(name);
  for (int i = 1; i < argc; i++) {
    if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=') return argv[i] + length + 1;
  }
  return otherwise;
}

static uint32_t number(int argc, char **argv, const char *name, const char *otherwise) {
  return (uint32_t)strtoul(option(argc, argv, name, otherwise), NULL, 10);
}

static Rows createRows(uint32_t count) {
  return (Rows){pages(count * sizeof(uint32_t), false), pages(count * sizeof(uint32_t), false),
                pages(count * sizeof(double), false),   pages(count * sizeof(double), false),
                pages(count * sizeof(double), false),   pages(count * sizeof(double), false)};
}

int main(int argc, char **argv) {
  const uint32_t seriesCount = number(argc, argv, "series", "1000"), minutes = number(argc, argv, "minutes", "20");
  const uint32_t warm = number(argc, argv, "warm", "250"), segments = number(argc, argv, "segments", "1");
  const bool waits = number(argc, argv, "wait", "0") != 0;
  const char *top = option(argc, argv, "top", "lanes");
  Engine engine = {.group = number(argc, argv, "group", "256"),
                   .ahead = number(argc, argv, "ahead", "8"),
                   .prefetch = number(argc, argv, "prefetch", "1") != 0,
                   .top = top[0] == 'l' ? 0 : top[0] == 'c' ? 1 : 2};
  createEngine(&engine, seriesCount, number(argc, argv, "huge", "0") != 0);
  Stream stream = {
      .state = number(argc, argv, "seed", "1"), .seriesCount = seriesCount, .odd = number(argc, argv, "odd", "0")};
  Batch batch = {0};
  const Rows rows = createRows(seriesCount);
  uint32_t minute = 0;
  Tally unread = {0};
  for (; minute < warm; minute++) {
    runMinute(&engine, &stream, &batch, &rows, minute, minute + WARM_EMISSIONS >= warm, &unread);
  }
  if (waits) {
    printf("{\"ready\":true}\n");
    fflush(stdout);
  }
  char line[64];
  for (uint32_t segment = 0; segment < segments; segment++) {
    if (waits && fgets(line, sizeof line, stdin) == NULL) return 0;
    Tally tally = {0};
    for (uint32_t end = minute + minutes; minute < end; minute++) {
      runMinute(&engine, &stream, &batch, &rows, minute, true, &tally);
    }
    print(&tally);
  }
  return 0;
}
