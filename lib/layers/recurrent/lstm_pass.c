/* layers/recurrent/lstm_pass.c - one call's memory, and which of its rows go together.
 * SPDX-License-Identifier: MIT */
#include "layers/recurrent/lstm.h"

#include <assert.h>
#include <float.h>

#include "layers/noise.h"
#include "layers/recurrent.h"

/* Below this many multiplications in the recurrence it stays on one thread: starting the
 * others costs some microseconds. */
#define MIN_PARALLEL_WORK 1.0e6

/* So many missing rows cost less inside a product than a product more. */
#define GAP_MAX 8

/* Can there be dropout in this frame, in a pass that learns? */
static bool drops(const se_frame *f, float rate)
{
    return f->training && rate > 0.0f && rate < 1.0f;
}

static float *carve_factor(const se_frame *f, se_carver *carver, int64_t k, int64_t n)
{
    return se_carve(carver, 1, 1, (int64_t)se_factor_size(f->compute, k, n));
}

/* Where steps begin, and what of the input is missing. */
static void take_inputs(se_lstm_pass *p)
{
    const se_frame *const f = p->f;

    p->x = f->in[0].data;
    p->classes = f->in[0].classes;
    assert(f->in[0].mask == NULL || f->in[0].masked);
    p->mask = f->in[0].mask;
    p->bias = p->spec->no_bias ? NULL : se_frame_weight(f, BIAS);
    if (f->n_in == 3) {
        p->h0 = f->in[1].data;
        p->c0 = f->in[2].data;
    } else if (f->keep_state) {
        p->h0 = f->state;
        p->c0 = f->state != NULL ? f->state + p->batch * p->units : NULL;
    }
}

/* States, outputs and gates. */
static void carve_steps(se_lstm_pass *p, se_carver *carver)
{
    const se_frame *const f = p->f;
    const bool masked = f->in[0].masked, initial = f->n_in == 3 || f->keep_state;
    const bool apart = se_shown_differs(p->masked_output, masked, initial);
    const int64_t u = p->units;

    /* What a missing row goes back to must not have been written over. */
    p->kept_c = f->training ? p->steps : masked ? 2 : 1;
    p->kept_h = p->spec->return_sequences && !apart ? p->steps : p->kept_c;
    p->kept_z = f->training || se_lstm_input_in_one(p) ? p->steps : 1;
    p->z = se_carve(carver, p->kept_z, p->batch, 4 * u);
    p->c = se_carve(carver, p->kept_c, p->batch, u);
    if (f->training)
        p->act_c = se_carve(carver, p->kept_c, p->batch, u);
    p->h = p->spec->return_sequences && !apart ? f->out[0]
                                               : se_carve(carver, p->kept_h, p->batch, u);
    if (apart)
        p->shown = (uint8_t *)(void *)se_carve(carver, 1, 1, (p->steps * p->batch + 3) / 4);
    if (f->training && se_lstm_cell_needs_input(&p->cell))
        p->pre = se_carve(carver, p->steps, p->batch, 4 * u);
    if (f->in[0].repeated)
        p->once = se_carve(carver, 1, p->batch, 4 * u);
    if (p->mask == NULL)
        p->shown = NULL;
}

static void carve_backward(se_lstm_pass *p, se_carver *carver)
{
    const int64_t u = p->units;

    p->dh = se_carve(carver, 1, p->batch, u);
    p->dc = se_carve(carver, 1, p->batch, u);
    if (!se_lstm_cell_fused(&p->cell))
        p->scratch = se_carve(carver, SE_LSTM_CELL_SCRATCH, p->batch, u);
    if (p->f->in[0].masked) {
        p->dh_held = se_carve(carver, 1, p->batch, u);
        p->dc_held = se_carve(carver, 1, p->batch, u);
    }
}

/* Room for dropout; without effect in a pass that does not learn. */
static void carve_dropout(se_lstm_pass *p, se_carver *carver)
{
    const se_frame *const f = p->f;
    const bool x = drops(f, p->spec->dropout), h = drops(f, p->spec->recurrent_dropout);

    if (x && p->spec->implementation == 1)
        se_lstm_gates_carve(&p->x_gates, f, p->features, p->units, carver);
    if (x && p->spec->implementation == 2) {
        p->x_factor = se_carve(carver, 1, p->batch, p->features);
        p->x_left = se_carve(carver, p->steps, p->batch, p->features);
    }
    if (h)
        se_lstm_gates_carve(&p->h_gates, f, p->units, p->units, carver);
    if (f->learning)
        return;
    p->x_factor = NULL;
    p->x_gates.factor = NULL;
    p->h_gates.factor = NULL;
}

se_lstm_pass se_lstm_divide(const se_frame *f, se_carver *carver)
{
    const seqecho_lstm_spec *const spec = f->layer->spec;
    se_lstm_pass p = {
        .f = f,
        .spec = spec,
        .cell = { f->compute->k, spec->activation, spec->recurrent_activation,
                  spec->units },
        .steps = f->in_shape[0]->dim[0],
        .batch = f->batch,
        .features = f->in_shape[0]->dim[1],
        .units = spec->units,
        .masked_output = se_masked_output(f, spec->masked_output),
    };
    const int64_t u = p.units;
    const bool backward = f->grads != NULL;
    float *packed[4]; /* K, R, and their transposes */

    take_inputs(&p);
    carve_dropout(&p, carver);
    carve_steps(&p, carver);
    packed[0] = carve_factor(f, carver, p.features, 4 * u);
    packed[1] = carve_factor(f, carver, u, 4 * u);
    packed[2] = f->want_d_in[0] ? carve_factor(f, carver, 4 * u, p.features) : NULL;
    packed[3] = f->training ? carve_factor(f, carver, 4 * u, u) : NULL;
    p.kernel_packed = packed[backward ? 2 : 0];
    p.recurrent_packed = packed[backward ? 3 : 1];
    if (f->training)
        carve_backward(&p, carver);
    if (p.x_factor != NULL)
        p.x = p.x_left;
    return p;
}

/* Are these rows of the input such that times 0 they are 0? */
static bool finite_rows(const se_lstm_pass *p, int64_t begin, int64_t end)
{
    return p->x == NULL || p->cell.k->max_abs((end - begin) * p->features,
                                              p->x + begin * p->features) <= FLT_MAX;
}

/* The end of the run that begins at row `begin`, of rows up to `end`, by their mask; all
 * are rows of the input. */
static int64_t run_end(const se_lstm_pass *p, int64_t begin, int64_t end)
{
    int64_t last = begin + 1; /* behind the last row that is there */

    for (int64_t r = last; r < end && r - last <= GAP_MAX; r++) {
        if (p->mask[r] == 0)
            continue;
        if (r > last && !finite_rows(p, last, r))
            break;
        last = r + 1;
    }
    return last;
}

bool se_lstm_next_run(const se_lstm_pass *p, se_lstm_run *run)
{
    const int64_t rows = p->steps * p->batch;
    const int64_t chunk = p->spec->go_backwards ? p->batch : rows;

    for (int64_t at = run->end; at < rows;) {
        const int64_t left = chunk - at % chunk; /* to the end of what lies side by side */
        const int64_t input = se_lstm_input_row(p, at / p->batch) + at % p->batch;
        int64_t skipped = 0;

        while (p->mask != NULL && skipped < left && p->mask[input + skipped] == 0)
            skipped++;
        at += skipped;
        if (skipped == left)
            continue;
        run->begin = at;
        run->input = input + skipped;
        run->end =
            at +
            (p->mask == NULL ? left : run_end(p, run->input, input + left) - run->input);
        return true;
    }
    return false;
}

void se_lstm_run_rows(const se_lstm_pass *p, se_pool_fn fn)
{
    se_lstm_pass pass = *p;
    const double work = 4.0 * (double)p->units * (double)(p->units + p->features) *
                        (double)p->batch * (double)p->steps;

    se_pool_run(work < MIN_PARALLEL_WORK ? NULL : p->f->compute->pool, p->batch, 1, fn,
                &pass);
}
