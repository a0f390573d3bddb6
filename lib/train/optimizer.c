/* train/optimizer.c - options, parameters and memory of optimizers.
 * SPDX-License-Identifier: MIT */
#include "train/optimizer.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

/* Sets of optimizers. */
#define OF(kind) (1U << (kind))

enum {
    ADAM = OF(SEQECHO_ADAM),
    SGD = OF(SEQECHO_SGD),
    RMSPROP = OF(SEQECHO_RMSPROP),
    ADAMW = OF(SEQECHO_ADAMW),
    NADAM = OF(SEQECHO_NADAM),
    ADAMS = ADAM | ADAMW | NADAM,
    ALL = ADAMS | SGD | RMSPROP
};

static const char *const names[] = { "Adam", "SGD", "RMSprop", "AdamW", "Nadam" };

static int no_such(const se_optimizer *o, const char *what)
{
    return se_fail(SEQECHO_EINVAL, "trainer: %s has no %s", names[o->kind], what);
}

/* ---- Parameters --------------------------------------------------------------------- */

/* In the order of seqecho_param; hi is included unless `open`. */
static const struct {
    const char *name;
    size_t offset;
    unsigned optimizers; /* that have it */
    double usual;
    double lo, hi;
    bool open;
} params[] = {
    /* clang-format off */
    { "learning_rate", offsetof(se_optimizer, learning_rate), ALL,
      0.001, 0.0, SE_RATE_MAX, false },
    { "beta_1", offsetof(se_optimizer, beta_1), ADAMS, 0.9, 0.0, 1.0, true },
    { "beta_2", offsetof(se_optimizer, beta_2), ADAMS, 0.999, 0.0, 1.0, true },
    { "epsilon", offsetof(se_optimizer, epsilon), ADAMS | RMSPROP,
      1e-7, 1e-12, 1.0, false },
    { "momentum", offsetof(se_optimizer, momentum), SGD | RMSPROP, 0.0, 0.0, 1.0, false },
    { "rho", offsetof(se_optimizer, rho), RMSPROP, 0.9, 0.0, 1.0, true },
    { "weight_decay", offsetof(se_optimizer, weight_decay), ADAMW, 0.004, 0.0, 1.0, false },
    /* clang-format on */
};

enum { PARAMS = sizeof params / sizeof params[0] };

/* SEQECHO_EINVAL unless it is a parameter of this optimizer. */
static int check_param(const se_optimizer *o, seqecho_param param)
{
    if ((unsigned)param - 1 >= PARAMS)
        return se_fail(SEQECHO_EINVAL, "trainer: param is %d, expected a seqecho_param",
                       (int)param);
    if ((params[param - 1].optimizers & OF(o->kind)) == 0)
        return no_such(o, params[param - 1].name);
    return SEQECHO_OK;
}

int se_optimizer_put(se_optimizer *o, seqecho_param param, double value)
{
    const size_t i = (size_t)param - 1;

    SE_TRY(check_param(o, param));
    if (!(value >= params[i].lo && value <= params[i].hi) ||
        (params[i].open && value == params[i].hi))
        return se_fail(SEQECHO_EINVAL, "trainer: %s is %g, expected %g to %g%s",
                       params[i].name, value, params[i].lo, params[i].hi,
                       params[i].open ? ", the last excluded" : "");
    memcpy((char *)o + params[i].offset, &value, sizeof value);
    return SEQECHO_OK;
}

int se_optimizer_set(se_optimizer *o, seqecho_param param, double value)
{
    if (param == SEQECHO_PARAM_LEARNING_RATE && se_schedule_any(&o->schedule))
        return se_fail(
            SEQECHO_ESTATE,
            "trainer: a schedule sets the learning rate of this one, so it cannot be "
            "set; create it without .schedule");
    SE_TRY(check_param(o, param));
    if (param == SEQECHO_PARAM_MOMENTUM && value > 0.0 &&
        o->moment[SE_MOMENT_VELOCITY] == NULL)
        return se_fail(SEQECHO_ESTATE, "trainer: it was created without momentum, "
                                       "so it cannot be given one later");
    return se_optimizer_put(o, param, value);
}

double se_optimizer_rate(const se_optimizer *o)
{
    return se_schedule_any(&o->schedule) ? se_schedule_rate(&o->schedule, o->iterations)
                                         : o->learning_rate;
}

int se_optimizer_get(const se_optimizer *o, seqecho_param param, double *value)
{
    SE_TRY(check_param(o, param));
    if (param == SEQECHO_PARAM_LEARNING_RATE)
        *value = se_optimizer_rate(o);
    else
        memcpy(value, (const char *)o + params[param - 1].offset, sizeof *value);
    return SEQECHO_OK;
}

const char *se_optimizer_name(const se_optimizer *o)
{
    return names[o->kind];
}

const char *se_optimizer_param(const se_optimizer *o, seqecho_param param, double *value)
{
    if ((params[param - 1].optimizers & OF(o->kind)) == 0)
        return NULL;
    memcpy(value, (const char *)o + params[param - 1].offset, sizeof *value);
    return params[param - 1].name;
}

/* ---- Options ------------------------------------------------------------------------ */

static int read_flags(se_optimizer *o, const seqecho_trainer_options *opt)
{
    const struct {
        const char *name;
        bool given;
        unsigned optimizers;
        bool *place;
    } flags[] = {
        { "amsgrad", opt->amsgrad != 0, ADAM | ADAMW, &o->amsgrad },
        { "nesterov", opt->nesterov != 0, SGD, &o->nesterov },
        { "centered", opt->centered != 0, RMSPROP, &o->centered },
        { "epsilon_outside", opt->epsilon_outside != 0, RMSPROP, &o->epsilon_outside },
    };

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (flags[i].given && (flags[i].optimizers & OF(o->kind)) == 0)
            return no_such(o, flags[i].name);
        *flags[i].place = flags[i].given;
    }
    return SEQECHO_OK;
}

static int read_params(se_optimizer *o, const seqecho_trainer_options *opt)
{
    const struct {
        seqecho_param param;
        float value;
    } given[] = {
        { SEQECHO_PARAM_LEARNING_RATE, opt->learning_rate },
        { SEQECHO_PARAM_MOMENTUM, opt->momentum },
        { SEQECHO_PARAM_RHO, opt->rho },
        { SEQECHO_PARAM_WEIGHT_DECAY, opt->weight_decay },
    };

    for (size_t i = 0; i < PARAMS; i++)
        memcpy((char *)o + params[i].offset, &params[i].usual, sizeof params[i].usual);
    if (o->kind == SEQECHO_SGD)
        o->learning_rate = 0.01;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (given[i].value != 0.0f)
            SE_TRY(se_optimizer_put(o, given[i].param, (double)given[i].value));
    return SEQECHO_OK;
}

static int read_clip(se_clip *clip, const seqecho_trainer_options *opt)
{
    const struct {
        const char *name;
        float limit;
        se_clip_kind kind;
    } given[] = {
        { "clipnorm", opt->clipnorm, SE_CLIP_NORM },
        { "global_clipnorm", opt->global_clipnorm, SE_CLIP_GLOBAL_NORM },
        { "clipvalue", opt->clipvalue, SE_CLIP_VALUE },
    };
    const char *other = NULL;

    *clip = (se_clip){ SE_CLIP_NONE, 0.0 };
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        if (given[i].limit == 0.0f)
            continue;
        if (!(given[i].limit > 0.0f) || isinf(given[i].limit))
            return se_fail(SEQECHO_EINVAL,
                           "trainer: %s is %g, expected a positive number, or 0 for none",
                           given[i].name, (double)given[i].limit);
        if (other != NULL)
            return se_fail(SEQECHO_EINVAL,
                           "trainer: both %s and %s are set, expected one at most", other,
                           given[i].name);
        *clip = (se_clip){ given[i].kind, (double)given[i].limit };
        other = given[i].name;
    }
    return SEQECHO_OK;
}

int se_optimizer_read(se_optimizer *o, const seqecho_trainer_options *opt)
{
    *o = (se_optimizer){ .kind = opt->optimizer, .u_product = 1.0 };
    if ((unsigned)opt->optimizer >= sizeof names / sizeof *names)
        return se_fail(SEQECHO_ENOTSUP, "trainer: optimizer %d is unknown to this library",
                       (int)opt->optimizer);
    SE_TRY(read_flags(o, opt));
    SE_TRY(read_params(o, opt));
    SE_TRY(read_clip(&o->clip, opt));
    return se_schedule_read(&o->schedule, opt->schedule, o->learning_rate);
}

/* ---- Life --------------------------------------------------------------------------- */

int se_optimizer_create(se_optimizer *o, const seqecho_graph *graph,
                        const seqecho_allocator *a)
{
    const bool adam = (OF(o->kind) & ADAMS) != 0;
    const bool has[SE_MOMENTS] = {
        [SE_MOMENT_MEAN] = adam || o->centered,
        [SE_MOMENT_SQUARE] = o->kind != SEQECHO_SGD,
        [SE_MOMENT_LARGEST] = o->amsgrad,
        [SE_MOMENT_VELOCITY] = o->momentum > 0.0,
    };

    for (int i = 0; i < SE_MOMENTS; i++)
        if (has[i])
            SE_TRY(se_alloc(&o->moment[i], a, graph->n_params, sizeof *o->moment[i],
                            "optimizer moments"));
    return se_alloc(&o->room, a, se_gradients_room(graph), sizeof *o->room,
                    "sums over gradients");
}

void se_optimizer_finish(se_optimizer *o, const seqecho_allocator *a)
{
    for (int i = 0; i < SE_MOMENTS; i++)
        se_free(a, o->moment[i]);
    se_free(a, o->room);
}
