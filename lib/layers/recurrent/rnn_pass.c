/* layers/recurrent/rnn_pass.c - memory of a call of a GRU or SimpleRNN, and what is where.
 * SPDX-License-Identifier: MIT */
#include "layers/recurrent/rnn_pass.h"

#include "layers/noise.h"
#include "layers/recurrent.h"

/* Below this many multiplications in the recurrence it stays on one thread: starting the
 * others costs some microseconds. */
#define MIN_PARALLEL_WORK 1.0e6

/* ---- Memory ------------------------------------------------------------------------- */

/* May there be passes in which this rate drops something? */
static bool may_drop(const se_frame *f, float rate)
{
    return f->training && rate > 0.0f && rate < 1.0f;
}

/* Gates as blocks: all as one, or each apart, or the last one apart. */
static int make_blocks(const se_rnn *rnn, bool apart, bool last_apart,
                       se_rnn_block block[SE_RNN_GATES])
{
    const int64_t gates = rnn->gates;
    int n = 0;

    if (!apart && !last_apart) {
        block[n++] = (se_rnn_block){ .gates = gates };
        return n;
    }
    if (!apart)
        block[n++] = (se_rnn_block){ .gates = gates - 1 };
    for (int64_t gate = apart ? 0 : gates - 1; gate < gates; gate++)
        block[n++] = (se_rnn_block){ .gate = gate, .gates = 1 };
    return n;
}

/* Room for the columns of a weight with `rows` rows, packed as they are or transposed. */
static float *carve_factor(const se_rnn_pass *p, se_carver *carver, int64_t rows,
                           const se_rnn_block *block)
{
    const int64_t cols = block->gates * p->units;
    const size_t forward = se_factor_size(p->f->compute, rows, cols);
    const size_t backward = p->f->training ? se_factor_size(p->f->compute, cols, rows) : 0;

    return se_carve(carver, 1, 1, (int64_t)(forward > backward ? forward : backward));
}

/* The blocks of x and h: their factors, and what dropout needs. */
static void divide_blocks(se_rnn_pass *p, se_carver *carver)
{
    const se_frame *const f = p->f;
    const se_rnn *const rnn = p->rnn;
    const bool drop_x = may_drop(f, rnn->dropout);
    const bool drop_h = may_drop(f, rnn->recurrent_dropout);

    p->n_in = make_blocks(rnn, drop_x && rnn->draws_apart, false, p->in);
    p->n_rec = make_blocks(rnn, drop_h && rnn->draws_apart, rnn->last_late, p->rec);
    for (int i = 0; i < p->n_in; i++) {
        se_rnn_block *const block = &p->in[i];

        block->packed = carve_factor(p, carver, p->features, block);
        if (!drop_x)
            continue;
        block->left = se_carve(carver, p->steps, p->batch, p->features);
        block->noise_room = se_carve(carver, 1, p->batch, p->features);
        block->own = se_noise_active(f, rnn->dropout);
        block->noise = block->own ? block->noise_room : NULL;
    }
    for (int i = 0; i < p->n_rec; i++) {
        se_rnn_block *const block = &p->rec[i];
        const bool late = rnn->last_late && i == p->n_rec - 1;

        block->packed = carve_factor(p, carver, p->units, block);
        if (drop_h || late)
            block->left = se_carve(carver, f->training ? p->steps : 1, p->batch, p->units);
        if (drop_h) {
            block->noise_room = se_carve(carver, 1, p->batch, p->units);
            block->noise =
                se_noise_active(f, rnn->recurrent_dropout) ? block->noise_room : NULL;
        }
        block->own = late || block->noise != NULL;
    }
    if (f->training && (drop_h || rnn->last_late))
        p->d_left = se_carve(carver, 1, p->batch, p->units);
    if (drop_x && p->n_in > 1 && f->want_d_in[0])
        p->dx = se_carve(carver, p->steps, p->batch, p->features);
}

/* Where h, and the outputs if they differ from it, are. */
static void divide_states(se_rnn_pass *p, se_carver *carver)
{
    const se_frame *const f = p->f;
    const se_rnn *const rnn = p->rnn;
    const bool masked = f->in[0].masked;
    const bool initial = f->n_in == 2 || f->keep_state;
    const bool differs = se_shown_differs(p->masked_output, masked, initial);

    if (differs) {
        void *const bytes =
            se_carve(carver, 1, 1, (p->steps * p->batch + 3) / (int64_t)sizeof(float));

        p->shown = p->mask != NULL ? bytes : NULL;
    }
    /* A missing step takes the h of the step before, which must still be there. */
    p->kept_h = f->training ? p->steps : masked ? 2 : 1;
    if (rnn->return_sequences && !differs) {
        p->kept_h = p->steps;
        p->h = f->out[0];
    } else {
        p->h = se_carve(carver, p->kept_h, p->batch, p->units);
    }
    if (f->n_in == 2)
        p->h0 = f->in[1].data;
    else if (f->keep_state)
        p->h0 = f->state;
}

se_rnn_pass se_rnn_divide(const se_frame *f, const se_rnn *rnn, se_carver *carver)
{
    se_rnn_pass p = {
        .f = f,
        .rnn = rnn,
        .steps = f->in_shape[0]->dim[0],
        .batch = f->batch,
        .features = f->in_shape[0]->dim[1],
        .units = rnn->units,
        .width = rnn->gates * rnn->units,
        .mask = f->in[0].mask,
        .masked_output = se_masked_output(f, rnn->masked_output),
    };

    divide_blocks(&p, carver);
    divide_states(&p, carver);
    p.kept_a = f->training || se_rnn_input_in_one(&p) ? p.steps : 1;
    p.kept_b = f->training ? p.steps : 1;
    p.a = se_carve(carver, p.kept_a, p.batch, p.width);
    if (rnn->beside)
        p.b = se_carve(carver, p.kept_b, p.batch, p.width);
    if (f->in[0].repeated)
        p.once = se_carve(carver, 1, p.batch, p.width);
    if (!f->training)
        return p;
    if (rnn->pre)
        p.pre = se_carve(carver, p.steps, p.batch, p.width);
    p.dh[0] = se_carve(carver, 1, p.batch, p.units);
    if (f->in[0].masked)
        p.dh[1] = se_carve(carver, 1, p.batch, p.units);
    if (rnn->scratch)
        p.scratch = se_carve(carver, 1, p.batch, p.width);
    return p;
}

void se_rnn_work(const se_frame *f, const se_rnn *rnn, se_carver *carver)
{
    se_rnn_divide(f, rnn, carver);
}

/* ---- Places ------------------------------------------------------------------------- */

se_rnn_step se_rnn_step_at(const se_rnn_pass *p, const se_compute *compute, int64_t s,
                           int64_t begin, int64_t rows)
{
    const int64_t in_time = (p->kept_a == 1 ? 0 : se_rnn_time_row(p, s)) + begin;
    const int64_t in_order = (p->kept_b == 1 ? 0 : s * p->batch) + begin;

    return (se_rnn_step){
        .compute = compute,
        .s = s,
        .begin = begin,
        .rows = rows,
        .a = p->a + in_time * p->width,
        .b = p->b != NULL ? p->b + in_order * p->width : NULL,
        .pre = p->pre != NULL ? p->pre + in_time * p->width : NULL,
        .before = se_rnn_h_before(p, s, begin),
        .h = se_rnn_h_at(p, s, begin),
    };
}

bool se_rnn_narrow(const se_rnn_pass *p, int64_t s, int64_t *begin, int64_t *end)
{
    const int64_t first = *begin;
    int64_t from, to;
    bool any;

    if (p->mask == NULL)
        return true;
    any = se_mask_range(p->mask + se_rnn_time_row(p, s) + first, *end - first, &from, &to);
    *begin = first + from;
    *end = first + to;
    return any;
}

void se_rnn_run_rows(const se_rnn_pass *p, se_pool_fn fn)
{
    se_rnn_pass pass = *p;
    const double work = (double)p->width * (double)(p->units + p->features) *
                        (double)p->batch * (double)p->steps;

    se_pool_run(work < MIN_PARALLEL_WORK ? NULL : p->f->compute->pool, p->batch, 1, fn,
                &pass);
}
