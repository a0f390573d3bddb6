/* train/optimizer.c - Adam over the whole parameter block.
 * SPDX-License-Identifier: MIT */
#include "train/optimizer.h"

#include <math.h>

#include "base/alloc.h"
#include "base/error.h"

void se_optimizer_defaults(se_optimizer *o)
{
    *o = (se_optimizer){
        .learning_rate = 0.001, .beta_1 = 0.9, .beta_2 = 0.999, .epsilon = 1e-7
    };
}

int se_optimizer_create(se_optimizer *o, int64_t size, const seqecho_allocator *a)
{
    o->size = size;
    SE_TRY(se_alloc(&o->m, a, (size_t)size, sizeof *o->m, "optimizer moments"));
    return se_alloc(&o->v, a, (size_t)size, sizeof *o->v, "optimizer moments");
}

void se_optimizer_finish(se_optimizer *o, const seqecho_allocator *a)
{
    se_free(a, o->m);
    se_free(a, o->v);
}

/* The parameters, in the order of seqecho_param; hi is included unless `open`. */
static const struct {
    const char *name;
    double lo, hi;
    bool open;
} ranges[] = {
    { "learning_rate", 0.0, 1000.0, false },
    { "beta_1", 0.0, 1.0, true },
    { "beta_2", 0.0, 1.0, true },
    { "epsilon", 1e-12, 1.0, false },
};

static double *find(se_optimizer *o, seqecho_param param)
{
    switch (param) {
    case SEQECHO_PARAM_LEARNING_RATE: return &o->learning_rate;
    case SEQECHO_PARAM_BETA_1: return &o->beta_1;
    case SEQECHO_PARAM_BETA_2: return &o->beta_2;
    case SEQECHO_PARAM_EPSILON: return &o->epsilon;
    default: se_fail(SEQECHO_EINVAL, "trainer: there is no parameter %d", (int)param);
    }
    return NULL;
}

int se_optimizer_set(se_optimizer *o, seqecho_param param, double value)
{
    double *const place = find(o, param);
    const size_t i = (size_t)param - 1;

    if (place == NULL)
        return SEQECHO_EINVAL;
    if (!(value >= ranges[i].lo && value <= ranges[i].hi) ||
        (ranges[i].open && value == ranges[i].hi))
        return se_fail(SEQECHO_EINVAL, "trainer: %s is %g, expected %g to %g%s",
                       ranges[i].name, value, ranges[i].lo, ranges[i].hi,
                       ranges[i].open ? ", the last excluded" : "");
    *place = value;
    return SEQECHO_OK;
}

int se_optimizer_get(const se_optimizer *o, seqecho_param param, double *value)
{
    se_optimizer copy = *o;
    const double *const place = find(&copy, param);

    if (place == NULL)
        return SEQECHO_EINVAL;
    *value = *place;
    return SEQECHO_OK;
}

/* base^n by squaring: the same bits everywhere, which pow() does not promise. */
static double power(double base, int64_t n)
{
    double result = 1.0;

    for (; n > 0; n >>= 1, base *= base)
        if (n & 1)
            result *= base;
    return result;
}

typedef struct adam_work {
    const se_optimizer *o;
    const se_kernels *k;
    float *params;
    const float *grads;
    float alpha;
} adam_work;

static void adam_range(void *arg, int piece, int64_t begin, int64_t end)
{
    const adam_work *const w = arg;
    const se_optimizer *const o = w->o;

    SE_UNUSED(piece);
    w->k->adam(end - begin, w->params + begin, w->grads + begin, o->m + begin, o->v + begin,
               w->alpha, (float)(1.0 - o->beta_1), (float)(1.0 - o->beta_2),
               (float)o->epsilon);
}

void se_optimizer_step(se_optimizer *o, const se_compute *compute,
                       const seqecho_graph *graph, const float *grads)
{
    const int64_t t = ++o->iterations;
    const double rate = (double)(float)o->learning_rate; /* Keras keeps a float32 */
    const double alpha =
        rate * sqrt(1.0 - power(o->beta_2, t)) / (1.0 - power(o->beta_1, t));
    adam_work work = { o, compute->k, graph->params, grads, (float)alpha };

    se_graph_share(graph, compute, adam_range, &work);
}
