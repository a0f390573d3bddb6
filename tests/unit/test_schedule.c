/* test_schedule.c - learning rates from step to step, against Keras's formulas.
 * SPDX-License-Identifier: MIT */
#include "train/schedule.h"

#include <float.h>

#include "close.h"
#include "refuse.h"

#define PI 3.14159265358979323846
#define RATE 0.25

static se_schedule make(const seqecho_schedule *options)
{
    se_schedule s;

    if (se_schedule_read(&s, options, RATE) < 0)
        fail_msg("%s", seqecho_error_message());
    assert_true(se_schedule_any(&s));
    return s;
}

static void assert_rate(const se_schedule *s, int64_t step, double want)
{
    const double got = se_schedule_rate(s, step);

    if (!(fabs(got - want) <= 1e-14 + 1e-12 * fabs(want)))
        fail_msg("step %lld: %.17g, expected %.17g", (long long)step, got, want);
}

static void none(void **state)
{
    se_schedule s;

    (void)state;
    assert_int_equal(se_schedule_read(&s, NULL, RATE), 0);
    assert_false(se_schedule_any(&s));
}

static void exponential(void **state)
{
    const se_schedule smooth = make(SEQECHO_SCHEDULE(.kind = SEQECHO_EXPONENTIAL_DECAY,
                                                     .decay_steps = 7, .decay_rate = 0.9));
    const se_schedule stairs =
        make(SEQECHO_SCHEDULE(.kind = SEQECHO_EXPONENTIAL_DECAY, .decay_steps = 7,
                              .decay_rate = 0.9, .staircase = true));

    (void)state;
    for (int64_t i = 0; i < 100; i++) {
        assert_rate(&smooth, i, RATE * pow(0.9, (double)i / 7.0));
        assert_rate(&stairs, i, RATE * pow(0.9, (double)(i / 7)));
    }
    /* Seven steps have the first rate, and the eighth the second one. */
    assert_rate(&stairs, 6, RATE);
    assert_rate(&stairs, 7, RATE * 0.9);
}

/* Powers with whole exponents are products by squaring, to the last bit. */
static void whole_powers(void **state)
{
    const double r = 0.9, r4 = r * r * (r * r), r13 = r * r4 * (r4 * r4);
    const se_schedule stairs =
        make(SEQECHO_SCHEDULE(.kind = SEQECHO_EXPONENTIAL_DECAY, .decay_steps = 7,
                              .decay_rate = 0.9, .staircase = true));
    const se_schedule bent = make(
        SEQECHO_SCHEDULE(.kind = SEQECHO_POLYNOMIAL_DECAY, .decay_steps = 10, .power = 13));

    (void)state;
    assert_close_double(se_schedule_rate(&stairs, 7 * 13 + 6), RATE * r13, 0, 0);
    assert_close_double(se_schedule_rate(&bent, 1), (RATE - 0.0001) * r13 + 0.0001, 0, 0);
}

/* A rate may rise, as when the best one is searched, but not beyond any bound. */
static void rising(void **state)
{
    const se_schedule s = make(SEQECHO_SCHEDULE(.kind = SEQECHO_EXPONENTIAL_DECAY,
                                                .decay_steps = 1, .decay_rate = 2));

    (void)state;
    assert_rate(&s, 3, RATE * 8);
    assert_rate(&s, 11, RATE * 2048);
    assert_rate(&s, 12, 1000);
    assert_rate(&s, 1000000, 1000);
}

static void inverse_time(void **state)
{
    const se_schedule smooth = make(SEQECHO_SCHEDULE(.kind = SEQECHO_INVERSE_TIME_DECAY,
                                                     .decay_steps = 5, .decay_rate = 0.5));
    const se_schedule stairs =
        make(SEQECHO_SCHEDULE(.kind = SEQECHO_INVERSE_TIME_DECAY, .decay_steps = 5,
                              .decay_rate = 0.5, .staircase = true));

    (void)state;
    for (int64_t i = 0; i < 100; i++) {
        assert_rate(&smooth, i, RATE / (1.0 + 0.5 * (double)i / 5.0));
        assert_rate(&stairs, i, RATE / (1.0 + 0.5 * (double)(i / 5)));
    }
}

static void polynomial(void **state)
{
    const se_schedule plain =
        make(SEQECHO_SCHEDULE(.kind = SEQECHO_POLYNOMIAL_DECAY, .decay_steps = 10));
    const se_schedule bent =
        make(SEQECHO_SCHEDULE(.kind = SEQECHO_POLYNOMIAL_DECAY, .decay_steps = 10,
                              .power = 2.5, .end_learning_rate = 0.05));

    (void)state;
    for (int64_t i = 0; i < 40; i++) {
        const double left = i < 10 ? 1.0 - (double)i / 10.0 : 0.0;

        assert_rate(&plain, i, (RATE - 0.0001) * left + 0.0001);
        assert_rate(&bent, i, (RATE - 0.05) * pow(left, 2.5) + 0.05);
    }
    assert_rate(&plain, 10, 0.0001);
}

static void polynomial_cycle(void **state)
{
    const se_schedule s =
        make(SEQECHO_SCHEDULE(.kind = SEQECHO_POLYNOMIAL_DECAY, .decay_steps = 10,
                              .end_learning_rate = 0.05, .cycle = true));

    (void)state;
    assert_rate(&s, 0, RATE);
    for (int64_t i = 1; i < 60; i++) {
        const double length = (double)((i + 9) / 10 * 10); /* its next multiple */

        assert_rate(&s, i, (RATE - 0.05) * (1.0 - (double)i / length) + 0.05);
    }
    assert_rate(&s, 10, 0.05);
    assert_rate(&s, 11, (RATE - 0.05) * 9.0 / 20.0 + 0.05);
    assert_rate(&s, 20, 0.05);
}

/* A boundary still has the rate before it. */
static void piecewise(void **state)
{
    int64_t boundaries[] = { 3, 10 };
    double values[] = { 1.0, 0.5, 0.125 };
    const se_schedule s =
        make(SEQECHO_SCHEDULE(.kind = SEQECHO_PIECEWISE_CONSTANT, .boundaries = boundaries,
                              .values = values, .n_boundaries = 2));

    (void)state;
    boundaries[0] = 0; /* they were copied */
    values[0] = 0.0;
    for (int64_t i = 0; i < 30; i++)
        assert_rate(&s, i, i <= 3 ? 1.0 : i <= 10 ? 0.5 : 0.125);
}

static void most_pieces(void **state)
{
    int64_t boundaries[SEQECHO_SCHEDULE_MAX];
    double values[SEQECHO_SCHEDULE_MAX + 1];
    se_schedule s;

    (void)state;
    for (int i = 0; i <= SEQECHO_SCHEDULE_MAX; i++) {
        values[i] = i;
        if (i < SEQECHO_SCHEDULE_MAX)
            boundaries[i] = 2 * i;
    }
    s = make(SEQECHO_SCHEDULE(.kind = SEQECHO_PIECEWISE_CONSTANT, .boundaries = boundaries,
                              .values = values, .n_boundaries = SEQECHO_SCHEDULE_MAX));
    for (int i = 0; i < 3 * SEQECHO_SCHEDULE_MAX; i++)
        assert_rate(&s, i, i > 62 ? 32 : (i + 1) / 2);
}

static void cosine(void **state)
{
    const se_schedule s = make(
        SEQECHO_SCHEDULE(.kind = SEQECHO_COSINE_DECAY, .decay_steps = 12, .alpha = 0.1));

    (void)state;
    for (int64_t i = 0; i < 40; i++) {
        const double part = i < 12 ? (double)i / 12.0 : 1.0;

        assert_rate(&s, i, RATE * (0.9 * (0.5 * (1.0 + cos(PI * part))) + 0.1));
    }
    assert_rate(&s, 12, RATE * 0.1);
}

static void cosine_warmup(void **state)
{
    const se_schedule s =
        make(SEQECHO_SCHEDULE(.kind = SEQECHO_COSINE_DECAY, .decay_steps = 12, .alpha = 0.1,
                              .warmup_target = 2, .warmup_steps = 5));

    (void)state;
    for (int64_t i = 0; i < 5; i++)
        assert_rate(&s, i, RATE + (2.0 - RATE) * (double)i / 5.0);
    for (int64_t i = 5; i < 40; i++) {
        const double part = i < 17 ? (double)(i - 5) / 12.0 : 1.0;

        assert_rate(&s, i, 2.0 * (0.9 * (0.5 * (1.0 + cos(PI * part))) + 0.1));
    }
    assert_rate(&s, 5, 2.0);
    assert_rate(&s, 17, 0.2);
}

/* Period by period, as one counts them. */
static void check_restarts(double t_mul, double m_mul, int64_t last)
{
    const se_schedule s =
        make(SEQECHO_SCHEDULE(.kind = SEQECHO_COSINE_DECAY_RESTARTS, .decay_steps = 8,
                              .alpha = 0.1, .t_mul = t_mul, .m_mul = m_mul));
    double begin = 0.0, length = 8.0, height = 1.0;

    t_mul = t_mul == 0.0 ? 2.0 : t_mul;
    m_mul = m_mul == 0.0 ? 1.0 : m_mul;
    for (int64_t i = 0; i < last; i++) {
        double part;

        while ((double)i >= begin + length) {
            begin += length;
            length *= t_mul;
            height *= m_mul;
        }
        part = ((double)i - begin) / length;
        assert_rate(&s, i, RATE * (0.9 * (0.5 * height * (1.0 + cos(PI * part))) + 0.1));
    }
}

static void restarts(void **state)
{
    const se_schedule s =
        make(SEQECHO_SCHEDULE(.kind = SEQECHO_COSINE_DECAY_RESTARTS, .decay_steps = 1000));

    (void)state;
    check_restarts(0.0, 0.0, 5000); /* 2 and 1 */
    check_restarts(1.0, 0.5, 200);
    check_restarts(1.5, 0.8, 200);
    check_restarts(3.0, 1.25, 100000);
    /* At the begin of every period of doubling lengths the wave is at its crest. */
    for (int64_t begin = 0, length = 1000; begin < INT64_C(1) << 52;
         begin += length, length *= 2) {
        assert_rate(&s, begin, RATE);
        assert_true(se_schedule_rate(&s, begin + length - 1) < RATE * 1e-5);
    }
}

/* Where periods or heights are beyond all numbers, rates are still numbers. */
static void huge_restarts(void **state)
{
    const se_schedule flat =
        make(SEQECHO_SCHEDULE(.kind = SEQECHO_COSINE_DECAY_RESTARTS, .decay_steps = 1,
                              .alpha = 1, .t_mul = 1, .m_mul = 1e300));
    const se_schedule once = make(SEQECHO_SCHEDULE(.kind = SEQECHO_COSINE_DECAY_RESTARTS,
                                                   .decay_steps = 2, .t_mul = DBL_MAX));

    (void)state;
    for (int64_t i = 0; i < 5; i++)
        assert_rate(&flat, i, RATE);
    assert_rate(&once, 0, RATE);
    assert_rate(&once, 1, RATE * 0.5);
    for (int64_t i = 2; i < 100; i++)
        assert_rate(&once, i, RATE);
}

/* ---- Refusals ----------------------------------------------------------------------- */

typedef struct refusal {
    seqecho_schedule options;
    int code;
    const char *text;
} refusal;

#define SIZE .struct_size = sizeof(seqecho_schedule)

static const int64_t falling[] = { 5, 4 };
static const double three[] = { 1, 2, 3 }, negative[] = { 1, 2, -3 };

static const refusal refusals[] = {
    { { SIZE }, SEQECHO_ENOTSUP, "schedule: kind 0 is unknown to this library" },
    { { SIZE, .kind = (seqecho_schedule_kind)7 },
      SEQECHO_ENOTSUP,
      "schedule: kind 7 is unknown to this library" },
    { { SIZE, .kind = SEQECHO_EXPONENTIAL_DECAY, .decay_rate = 1 },
      SEQECHO_EINVAL,
      "schedule: decay_steps is 0, expected 1 or more" },
    { { SIZE, .kind = SEQECHO_COSINE_DECAY, .decay_steps = -3 },
      SEQECHO_EINVAL,
      "schedule: decay_steps is -3, expected 1 or more" },
    { { SIZE, .kind = SEQECHO_EXPONENTIAL_DECAY, .decay_steps = 1 },
      SEQECHO_EINVAL,
      "schedule: decay_rate is 0, expected more than 0" },
    { { SIZE, .kind = SEQECHO_INVERSE_TIME_DECAY, .decay_steps = 1,
        .decay_rate = (double)NAN },
      SEQECHO_EINVAL,
      "schedule: decay_rate is nan, expected more than 0" },
    { { SIZE, .kind = SEQECHO_COSINE_DECAY, .decay_steps = 1, .decay_rate = 1 },
      SEQECHO_EINVAL,
      "schedule: cosine decay has no decay_rate" },
    { { SIZE, .kind = SEQECHO_POLYNOMIAL_DECAY, .decay_steps = 1, .power = -1 },
      SEQECHO_EINVAL,
      "schedule: power is -1, expected more than 0" },
    { { SIZE, .kind = SEQECHO_POLYNOMIAL_DECAY, .decay_steps = 1, .end_learning_rate = -1 },
      SEQECHO_EINVAL,
      "schedule: end_learning_rate is -1, expected 0 to 1000" },
    { { SIZE, .kind = SEQECHO_COSINE_DECAY, .decay_steps = 1, .alpha = 1.5 },
      SEQECHO_EINVAL,
      "schedule: alpha is 1.5, expected 0 to 1" },
    { { SIZE, .kind = SEQECHO_COSINE_DECAY, .decay_steps = 1, .warmup_steps = 2 },
      SEQECHO_EINVAL,
      "schedule: warmup_steps is set without warmup_target" },
    { { SIZE, .kind = SEQECHO_COSINE_DECAY, .decay_steps = 1, .warmup_target = 2 },
      SEQECHO_EINVAL,
      "schedule: warmup_target is set without warmup_steps" },
    { { SIZE, .kind = SEQECHO_COSINE_DECAY, .decay_steps = 1, .warmup_steps = -2 },
      SEQECHO_EINVAL,
      "schedule: warmup_steps is -2, expected 0 or more" },
    { { SIZE, .kind = SEQECHO_POLYNOMIAL_DECAY, .decay_steps = 1, .warmup_steps = 2 },
      SEQECHO_EINVAL,
      "schedule: polynomial decay has no warmup_steps" },
    { { SIZE, .kind = SEQECHO_COSINE_DECAY_RESTARTS, .decay_steps = 1, .t_mul = 0.5 },
      SEQECHO_EINVAL,
      "schedule: t_mul is 0.5, expected at least 1" },
    { { SIZE, .kind = SEQECHO_COSINE_DECAY_RESTARTS, .decay_steps = 1, .m_mul = -1 },
      SEQECHO_EINVAL,
      "schedule: m_mul is -1, expected more than 0" },
    { { SIZE, .kind = SEQECHO_COSINE_DECAY, .decay_steps = 1, .staircase = true },
      SEQECHO_EINVAL,
      "schedule: cosine decay has no staircase" },
    { { SIZE, .kind = SEQECHO_COSINE_DECAY_RESTARTS, .decay_steps = 1, .cycle = true },
      SEQECHO_EINVAL,
      "schedule: cosine decay with restarts has no cycle" },
    { { SIZE, .kind = SEQECHO_COSINE_DECAY, .decay_steps = 1, .n_boundaries = 1 },
      SEQECHO_EINVAL,
      "schedule: cosine decay has no boundaries or values" },
    { { SIZE, .kind = SEQECHO_COSINE_DECAY, .decay_steps = 1, .reserved = { 0, 1 } },
      SEQECHO_ENOTSUP,
      "schedule: reserved is set, but this library knows only 0" },
    { { SIZE, .kind = SEQECHO_PIECEWISE_CONSTANT, .decay_steps = 1 },
      SEQECHO_EINVAL,
      "schedule: piecewise constant has no decay_steps" },
    { { SIZE, .kind = SEQECHO_PIECEWISE_CONSTANT, .n_boundaries = 33 },
      SEQECHO_EINVAL,
      "schedule: n_boundaries is 33, expected 1 to 32" },
    { { SIZE, .kind = SEQECHO_PIECEWISE_CONSTANT },
      SEQECHO_EINVAL,
      "schedule: n_boundaries is 0, expected 1 to 32" },
    { { SIZE, .kind = SEQECHO_PIECEWISE_CONSTANT, .n_boundaries = 1, .values = three },
      SEQECHO_EINVAL,
      "schedule: boundaries is NULL" },
    { { SIZE, .kind = SEQECHO_PIECEWISE_CONSTANT, .n_boundaries = 1,
        .boundaries = falling },
      SEQECHO_EINVAL,
      "schedule: values is NULL" },
    { { SIZE, .kind = SEQECHO_PIECEWISE_CONSTANT, .n_boundaries = 2, .values = three,
        .boundaries = falling },
      SEQECHO_EINVAL,
      "schedule: boundaries rise, but number 1 is 4 after 5" },
    { { SIZE, .kind = SEQECHO_PIECEWISE_CONSTANT, .n_boundaries = 2, .values = negative,
        .boundaries = (const int64_t[]){ 1, 2 } },
      SEQECHO_EINVAL,
      "schedule: value number 2 is -3, expected 0 to 1000" },
};

static void refused(void **state)
{
    seqecho_schedule tiny = { .struct_size = 3 };
    se_schedule s;

    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        assert_refused(se_schedule_read(&s, &refusals[i].options, RATE), refusals[i].code,
                       refusals[i].text);
    assert_int_equal(se_schedule_read(&s, &tiny, RATE), SEQECHO_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none),
        cmocka_unit_test(exponential),
        cmocka_unit_test(whole_powers),
        cmocka_unit_test(rising),
        cmocka_unit_test(inverse_time),
        cmocka_unit_test(polynomial),
        cmocka_unit_test(polynomial_cycle),
        cmocka_unit_test(piecewise),
        cmocka_unit_test(most_pieces),
        cmocka_unit_test(cosine),
        cmocka_unit_test(cosine_warmup),
        cmocka_unit_test(restarts),
        cmocka_unit_test(huge_restarts),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
