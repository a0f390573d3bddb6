/* train/schedule.c - learning rates that change from step to step.
 * SPDX-License-Identifier: MIT */
#include "train/schedule.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "train/power.h"

/* ---- Reading ------------------------------------------------------------------------ */

/* Sets of kinds. */
#define OF(kind) (1U << (kind))

enum {
    EXPONENTIAL = OF(SEQECHO_EXPONENTIAL_DECAY),
    INVERSE_TIME = OF(SEQECHO_INVERSE_TIME_DECAY),
    POLYNOMIAL = OF(SEQECHO_POLYNOMIAL_DECAY),
    PIECEWISE = OF(SEQECHO_PIECEWISE_CONSTANT),
    COSINE = OF(SEQECHO_COSINE_DECAY),
    RESTARTS = OF(SEQECHO_COSINE_DECAY_RESTARTS)
};

static const char *const names[] = {
    "", /* kinds begin at 1 */
    "exponential decay",
    "inverse time decay",
    "polynomial decay",
    "piecewise constant",
    "cosine decay",
    "cosine decay with restarts",
};

/* Options that are real numbers. */
static const struct {
    const char *name;
    size_t offset;
    unsigned kinds;
    double usual; /* what 0 means */
    double lo, hi;
    bool open; /* lo is excluded */
} numbers[] = {
    /* clang-format off */
    { "decay_rate", offsetof(seqecho_schedule, decay_rate), EXPONENTIAL | INVERSE_TIME,
      0.0, 0.0, DBL_MAX, true },
    { "end_learning_rate", offsetof(seqecho_schedule, end_learning_rate), POLYNOMIAL,
      0.0001, 0.0, SE_RATE_MAX, false },
    { "power", offsetof(seqecho_schedule, power), POLYNOMIAL,
      1.0, 0.0, DBL_MAX, true },
    { "alpha", offsetof(seqecho_schedule, alpha), COSINE | RESTARTS,
      0.0, 0.0, 1.0, false },
    { "warmup_target", offsetof(seqecho_schedule, warmup_target), COSINE,
      0.0, 0.0, SE_RATE_MAX, false },
    { "t_mul", offsetof(seqecho_schedule, t_mul), RESTARTS,
      2.0, 1.0, DBL_MAX, false },
    { "m_mul", offsetof(seqecho_schedule, m_mul), RESTARTS,
      1.0, 0.0, DBL_MAX, true },
    /* clang-format on */
};

static int no_such(const seqecho_schedule *o, const char *option)
{
    return se_fail(SEQECHO_EINVAL, "schedule: %s has no %s", names[o->kind], option);
}

static int read_number(seqecho_schedule *o, size_t i)
{
    double value;
    char *const place = (char *)o + numbers[i].offset;

    memcpy(&value, place, sizeof value);
    if ((numbers[i].kinds & OF(o->kind)) == 0)
        return value == 0.0 ? SEQECHO_OK : no_such(o, numbers[i].name);
    if (value == 0.0)
        value = numbers[i].usual;
    if (!(value >= numbers[i].lo && value <= numbers[i].hi) ||
        (numbers[i].open && value == numbers[i].lo))
        return numbers[i].hi == DBL_MAX
                   ? se_fail(SEQECHO_EINVAL, "schedule: %s is %g, expected %s %g",
                             numbers[i].name, value,
                             numbers[i].open ? "more than" : "at least", numbers[i].lo)
                   : se_fail(SEQECHO_EINVAL, "schedule: %s is %g, expected %g to %g",
                             numbers[i].name, value, numbers[i].lo, numbers[i].hi);
    memcpy(place, &value, sizeof value);
    return SEQECHO_OK;
}

static int read_steps(const seqecho_schedule *o)
{
    if (o->kind == SEQECHO_PIECEWISE_CONSTANT) {
        if (o->decay_steps != 0)
            return no_such(o, "decay_steps");
    } else if (o->decay_steps <= 0) {
        return se_fail(SEQECHO_EINVAL,
                       "schedule: decay_steps is %" PRId64 ", expected 1 or more",
                       o->decay_steps);
    }
    if (o->kind != SEQECHO_COSINE_DECAY && o->warmup_steps != 0)
        return no_such(o, "warmup_steps");
    if (o->warmup_steps < 0)
        return se_fail(SEQECHO_EINVAL,
                       "schedule: warmup_steps is %" PRId64 ", expected 0 or more",
                       o->warmup_steps);
    if ((o->warmup_steps > 0) != (o->warmup_target != 0.0))
        return se_fail(SEQECHO_EINVAL, "schedule: %s is set without %s",
                       o->warmup_steps > 0 ? "warmup_steps" : "warmup_target",
                       o->warmup_steps > 0 ? "warmup_target" : "warmup_steps");
    return SEQECHO_OK;
}

static int read_flags(const seqecho_schedule *o)
{
    for (size_t i = 0; i < sizeof o->reserved; i++)
        if (o->reserved[i] != 0)
            return se_fail(SEQECHO_ENOTSUP, "schedule: reserved is set, but this library "
                                            "knows only 0");
    if (o->staircase && (OF(o->kind) & (EXPONENTIAL | INVERSE_TIME)) == 0)
        return no_such(o, "staircase");
    if (o->cycle && o->kind != SEQECHO_POLYNOMIAL_DECAY)
        return no_such(o, "cycle");
    return SEQECHO_OK;
}

static int read_pieces(se_schedule *s)
{
    const seqecho_schedule *const o = &s->options;

    if (o->kind != SEQECHO_PIECEWISE_CONSTANT)
        return o->n_boundaries == 0 && o->boundaries == NULL && o->values == NULL
                   ? SEQECHO_OK
                   : no_such(o, "boundaries or values");
    if (o->n_boundaries < 1 || o->n_boundaries > SEQECHO_SCHEDULE_MAX)
        return se_fail(SEQECHO_EINVAL, "schedule: n_boundaries is %zu, expected 1 to %d",
                       o->n_boundaries, SEQECHO_SCHEDULE_MAX);
    if (o->boundaries == NULL || o->values == NULL)
        return se_fail(SEQECHO_EINVAL, "schedule: %s is NULL",
                       o->boundaries == NULL ? "boundaries" : "values");
    for (size_t i = 1; i < o->n_boundaries; i++)
        if (o->boundaries[i] <= o->boundaries[i - 1])
            return se_fail(SEQECHO_EINVAL,
                           "schedule: boundaries rise, but number %zu is %" PRId64
                           " after %" PRId64,
                           i, o->boundaries[i], o->boundaries[i - 1]);
    for (size_t i = 0; i <= o->n_boundaries; i++)
        if (!(o->values[i] >= 0.0 && o->values[i] <= SE_RATE_MAX))
            return se_fail(SEQECHO_EINVAL,
                           "schedule: value number %zu is %g, expected 0 to %g", i,
                           o->values[i], SE_RATE_MAX);
    memcpy(s->boundaries, o->boundaries, o->n_boundaries * sizeof *s->boundaries);
    memcpy(s->values, o->values, (o->n_boundaries + 1) * sizeof *s->values);
    return SEQECHO_OK;
}

int se_schedule_read(se_schedule *s, const seqecho_schedule *options, double rate)
{
    seqecho_schedule *const o = &s->options;

    memset(s, 0, sizeof *s);
    s->rate = rate;
    if (options == NULL)
        return SEQECHO_OK;
    SE_TRY(se_options_read(o, sizeof *o, options, "schedule"));
    if ((unsigned)o->kind - 1 >= sizeof names / sizeof *names - 1)
        return se_fail(SEQECHO_ENOTSUP, "schedule: kind %d is unknown to this library",
                       (int)o->kind);
    SE_TRY(read_flags(o));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        SE_TRY(read_number(o, i));
    SE_TRY(read_steps(o));
    SE_TRY(read_pieces(s));
    o->boundaries = NULL; /* the user's */
    o->values = NULL;
    return SEQECHO_OK;
}

/* ---- Rates -------------------------------------------------------------------------- */

/* Exponents are 0 or more.  Whole ones do without the C library. */
static double power(double base, double exponent)
{
    const int64_t whole = exponent < 0x1p53 ? (int64_t)exponent : -1;

    return (double)whole == exponent ? se_power(base, whole) : pow(base, exponent);
}

static double polynomial(const seqecho_schedule *o, double rate, double s)
{
    double length = (double)o->decay_steps;

    if (!o->cycle)
        s = fmin(s, length);
    else if (s > 0.0)
        length *= ceil(s / length);
    return (rate - o->end_learning_rate) * power(1.0 - s / length, o->power) +
           o->end_learning_rate;
}

static double piecewise(const se_schedule *schedule, int64_t steps)
{
    size_t i = 0;

    while (i < schedule->options.n_boundaries && steps > schedule->boundaries[i])
        i++;
    return schedule->values[i];
}

/* Half a wave from 1 to alpha, the crest `height` times as high. */
static double cosine(double alpha, double height, double fraction)
{
    const double pi = 3.14159265358979323846;

    /* An infinite height would make no number of a trough. */
    return (1.0 - alpha) * 0.5 * fmin(height, DBL_MAX) * (1.0 + cos(pi * fraction)) + alpha;
}

static double cosine_decay(const seqecho_schedule *o, double rate, double s)
{
    const double rise = (double)o->warmup_steps;
    const double fraction = fmin((s - rise) / (double)o->decay_steps, 1.0);

    if (s < rise)
        return rate + (o->warmup_target - rate) * (s / rise);
    return (o->warmup_steps > 0 ? o->warmup_target : rate) *
           cosine(o->alpha, 1.0, fraction);
}

/* Where period number n begins, in lengths of the first one. */
static double period_begin(double t_mul, double n)
{
    return t_mul == 1.0 ? n : (power(t_mul, n) - 1.0) / (t_mul - 1.0);
}

static double cosine_restarts(const seqecho_schedule *o, double rate, double s)
{
    const double at = s / (double)o->decay_steps, t_mul = o->t_mul;
    double n = t_mul == 1.0
                   ? floor(at)
                   : floor(log1p(fmin(at * (t_mul - 1.0), DBL_MAX)) / log1p(t_mul - 1.0));

    /* The quotient of logarithms may be a hair off at the end of a period. */
    if (n > 0.0 && at < period_begin(t_mul, n))
        n -= 1.0;
    else if (at >= period_begin(t_mul, n + 1.0))
        n += 1.0;
    return rate * cosine(o->alpha, power(o->m_mul, n),
                         (at - period_begin(t_mul, n)) / power(t_mul, n));
}

double se_schedule_rate(const se_schedule *schedule, int64_t steps)
{
    const seqecho_schedule *const o = &schedule->options;
    const double s = (double)steps;
    double rate = schedule->rate;
    double part = o->decay_steps > 0 ? s / (double)o->decay_steps : 0.0;

    if (o->staircase)
        part = floor(part);
    switch (o->kind) {
    case SEQECHO_EXPONENTIAL_DECAY: rate *= power(o->decay_rate, part); break;
    case SEQECHO_INVERSE_TIME_DECAY: rate /= 1.0 + o->decay_rate * part; break;
    case SEQECHO_POLYNOMIAL_DECAY: rate = polynomial(o, rate, s); break;
    case SEQECHO_PIECEWISE_CONSTANT: rate = piecewise(schedule, steps); break;
    case SEQECHO_COSINE_DECAY: rate = cosine_decay(o, rate, s); break;
    case SEQECHO_COSINE_DECAY_RESTARTS: rate = cosine_restarts(o, rate, s); break;
    }
    return rate <= SE_RATE_MAX ? rate : SE_RATE_MAX; /* decays may rise */
}
