/* train/step.c - one step of an optimizer over all weights.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "train/optimizer.h"
#include "train/power.h"

/* One step, the same for all its ranges. */
typedef struct step {
    const se_optimizer *o;
    const se_kernels *k;
    float *params;
    const float *grads;
    float rate;
    se_adamw_rates adam; /* of Adam too */
    se_nadam_rates nadam;
    se_rmsprop_rates rmsprop;
} step;

static void adam_rates(step *s, double rate, int64_t t)
{
    const se_optimizer *const o = s->o;
    const double alpha =
        rate * sqrt(1.0 - se_power(o->beta_2, t)) / (1.0 - se_power(o->beta_1, t));

    s->adam = (se_adamw_rates){
        .alpha = (float)alpha,
        .rate_1 = (float)(1.0 - o->beta_1),
        .rate_2 = (float)(1.0 - o->beta_2),
        .epsilon = (float)o->epsilon,
        .decay = (float)(o->kind == SEQECHO_ADAMW ? rate * o->weight_decay : 0.0),
    };
}

/* The momentum of step t. */
static double nadam_momentum(const se_optimizer *o, int64_t t)
{
    return o->beta_1 * (1.0 - 0.5 * se_power(0.96, t));
}

static void nadam_rates(step *s, se_optimizer *o, double rate, int64_t t)
{
    const double u = nadam_momentum(o, t), next = nadam_momentum(o, t + 1);

    o->u_product *= u;
    s->nadam = (se_nadam_rates){
        .rate_1 = (float)(1.0 - o->beta_1),
        .rate_2 = (float)(1.0 - o->beta_2),
        .of_m = (float)(rate * next / (1.0 - o->u_product * next)),
        .of_g = (float)(rate * (1.0 - u) / (1.0 - o->u_product)),
        .of_v = (float)(1.0 / (1.0 - se_power(o->beta_2, t))),
        .epsilon = (float)o->epsilon,
    };
}

/* Step the weights from `at`, n of them, with their gradients. */
static void update(const step *s, int64_t at, int64_t n, const float *g)
{
    const se_optimizer *const o = s->o;
    float *const w = s->params + at, *moment[SE_MOMENTS];

    for (int i = 0; i < SE_MOMENTS; i++)
        moment[i] = o->moment[i] != NULL ? o->moment[i] + at : NULL;
    switch (o->kind) {
    case SEQECHO_ADAM:
    case SEQECHO_ADAMW:
        if (o->kind == SEQECHO_ADAM && !o->amsgrad)
            s->k->adam(n, w, g, moment[SE_MOMENT_MEAN], moment[SE_MOMENT_SQUARE],
                       s->adam.alpha, s->adam.rate_1, s->adam.rate_2, s->adam.epsilon);
        else
            s->k->adamw(n, w, g, moment[SE_MOMENT_MEAN], moment[SE_MOMENT_SQUARE],
                        moment[SE_MOMENT_LARGEST], &s->adam);
        break;
    case SEQECHO_NADAM:
        s->k->nadam(n, w, g, moment[SE_MOMENT_MEAN], moment[SE_MOMENT_SQUARE], &s->nadam);
        break;
    case SEQECHO_SGD:
        s->k->sgd(n, w, g, moment[SE_MOMENT_VELOCITY], s->rate, (float)o->momentum,
                  o->nesterov);
        break;
    case SEQECHO_RMSPROP:
        s->k->rmsprop(n, w, g, moment[SE_MOMENT_SQUARE], moment[SE_MOMENT_MEAN],
                      moment[SE_MOMENT_VELOCITY], &s->rmsprop);
        break;
    }
}

static void update_range(void *arg, int piece, int64_t begin, int64_t end)
{
    const step *const s = arg;

    SE_UNUSED(piece);
    update(s, begin, end - begin, s->grads + begin);
}

/* The same with clipped gradients, which are made a few at a time beside the others. */
static void update_clipped(void *arg, int piece, const se_weight *w, size_t number,
                           int64_t begin, int64_t end)
{
    enum { CHUNK = 1024 };
    const step *const s = arg;
    const bool by_value = s->o->clip.kind == SE_CLIP_VALUE;
    const float scale = by_value ? 1.0f : (float)s->o->room[number];
    const float limit = by_value ? (float)s->o->clip.limit : INFINITY;
    float clipped[CHUNK];

    SE_UNUSED(w);
    if (scale == 1.0f && !by_value) {
        update_range(arg, piece, begin, end);
        return;
    }
    for (int64_t n; begin < end; begin += n) {
        n = end - begin < CHUNK ? end - begin : CHUNK;
        s->k->clip(n, s->grads + begin, scale, limit, clipped);
        update(s, begin, n, clipped);
    }
}

void se_optimizer_step(se_optimizer *o, const se_compute *compute,
                       const seqecho_graph *graph, const float *grads)
{
    /* Keras keeps a float32. */
    const double rate = (double)(float)se_optimizer_rate(o);
    const int64_t t = ++o->iterations;
    step s = { o, compute->k, graph->params, grads, .rate = (float)rate };

    if (o->kind == SEQECHO_NADAM)
        nadam_rates(&s, o, rate, t);
    else
        adam_rates(&s, rate, t);
    s.rmsprop = (se_rmsprop_rates){
        .rate = (float)rate,
        .rho = (float)o->rho,
        .rest = (float)(1.0 - o->rho),
        .momentum = (float)o->momentum,
        .epsilon = (float)o->epsilon,
        .outside = o->epsilon_outside,
    };
    if (o->clip.kind == SE_CLIP_NORM || o->clip.kind == SE_CLIP_GLOBAL_NORM)
        se_clip_measure(&o->clip, graph, compute, grads, o->room);
    if (o->clip.kind == SE_CLIP_NONE)
        se_graph_share(graph, compute, update_range, &s);
    else
        se_graph_share_weights(graph, compute, update_clipped, &s);
}
