/* fuzz_api.c - sequences of calls of the whole public interface.
 * SPDX-License-Identifier: MIT
 *
 * What each call must come to is told by api.h; the calls are in the files beside it.  At
 * the end all is destroyed, in any order, and no memory may be left. */
#include <string.h>

#include "api.h"

/* ---- Calls and their outcomes ------------------------------------------------------- */

/* Before each call this thread's message is one that no other call gives. */
static const char before[] = "graph options: struct_size is 3, ";

static void drop_options(api *a)
{
    while (a->n_blocks > 0)
        free(a->block[--a->n_blocks]);
}

void api_before(api *a)
{
    seqecho_graph *none = NULL;

    (void)!seqecho_graph_create(&none, &(const seqecho_graph_options){ .struct_size = 3 });
    a->failed = a->memory.failed;
}

bool api_unlucky(const api *a)
{
    return a->memory.failed != a->failed;
}

static bool matches(const api *a, int want, int err)
{
    if (api_unlucky(a))
        return err == SEQECHO_ENOMEM;
    if (err == SEQECHO_ENOMEM)
        return want == API_ANY || want == SEQECHO_ENOMEM;
    switch (want) {
    case API_ANY: return true;
    case API_REFUSED:
        return err == SEQECHO_EINVAL || err == SEQECHO_ESHAPE || err == SEQECHO_ENOTSUP;
    case API_RUNS: return err == SEQECHO_OK || err == SEQECHO_ENUMERIC;
    default: return err == want;
    }
}

int api_after(api *a, int want, int err, const char *call, const char *file, int line)
{
    const char *const text = seqecho_error_message();
    const bool own = text[0] != '\0' && strncmp(text, before, sizeof before - 1) != 0;

    if (!matches(a, want, err) || (err < 0 && !own) || err > 0) {
        fprintf(stderr, "%s:%d: %s\ncame to %d, %s, expected %d; %lld allocations failed\n",
                file, line, call, err, err < 0 ? text : "success", want,
                (long long)(a->memory.failed - a->failed));
        abort();
    }
    FUZZ_CHECK(err == want || err >= SEQECHO_ECALLBACK, "%d", err);
    return err;
}

const void *api_options(api *a, const void *options, size_t size, int *want)
{
    const size_t more = size + 8 * (1 + input_below(&a->in, 3));
    size_t told = more;
    uint8_t *block;

    if (!input_chance(&a->in, 16) || a->n_blocks == API_BLOCKS)
        return options;
    block = api_alloc(more, 1);
    a->block[a->n_blocks++] = block;
    memcpy(block, options, size);
    switch (input_below(&a->in, 4)) {
    case 0: break; /* newer, and nothing new is used */
    case 1:
        block[size + input_below(&a->in, 8)] = 1;
        *want = SEQECHO_ENOTSUP;
        break;
    case 2:
        told = 4 + input_below(&a->in, 4);
        *want = SEQECHO_EINVAL;
        break;
    default:
        told = input_chance(&a->in, 2) ? SIZE_MAX : 4097;
        *want = SEQECHO_EINVAL;
        break;
    }
    memcpy(block, &told, sizeof told);
    return block;
}

seqecho_report *api_report(api *a, int *want)
{
    static const size_t sizes[] = { sizeof(seqecho_report), 8, 24, 41, 4 };
    size_t size;
    seqecho_report *report;

    if (input_chance(&a->in, 2) || a->n_blocks == API_BLOCKS)
        return NULL;
    size = sizes[input_below(&a->in, 5)];
    report = api_alloc(size < 8 ? 8 : size, 1);
    a->block[a->n_blocks++] = report;
    memcpy(report, &size, sizeof size);
    if (size < sizeof size && *want >= 0)
        *want = SEQECHO_EINVAL;
    return report;
}

/* ---- What must not change ----------------------------------------------------------- */

uint64_t api_weights(seqecho_graph *graph)
{
    uint64_t sum = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < seqecho_graph_weight_count(graph); i++) {
        const char *const name = seqecho_graph_weight_name(graph, i);
        seqecho_view view;
        size_t n = 1;
        float *values;

        FUZZ_CHECK(seqecho_graph_weight_shape(graph, name, &view) == 0, "%s", name);
        for (int32_t k = 0; k < view.rank; k++)
            n *= (size_t)view.dim[k];
        values = api_alloc(n, sizeof *values);
        FUZZ_CHECK(seqecho_graph_weight_get(graph, name, values, n) == 0, "%s", name);
        for (size_t k = 0; k < n; k++) {
            uint32_t bits;

            memcpy(&bits, &values[k], sizeof bits);
            sum = (sum ^ bits) * UINT64_C(1099511628211);
        }
        free(values);
    }
    return sum;
}

bool api_busy(const api *a, const seqecho_graph *graph)
{
    for (size_t i = 0; i < API_TRAINERS; i++)
        if (a->trainer[i].in_event && a->trainer[i].graph == graph)
            return true;
    return false;
}

/* ---- The interpreter ---------------------------------------------------------------- */

/* Nowhere to put a handle, and no handle to destroy. */
static void call_nothing(api *a)
{
    (void)API_CALL(a, SEQECHO_EINVAL, seqecho_graph_create(NULL, NULL));
    (void)API_CALL(a, SEQECHO_EINVAL, seqecho_dataset_create(NULL, NULL));
    (void)API_CALL(a, SEQECHO_EINVAL,
                   seqecho_trainer_create(NULL, a->graph[0].handle, NULL));
    (void)API_CALL(a, SEQECHO_EINVAL,
                   seqecho_predictor_create(NULL, a->graph[0].handle, NULL));
    (void)API_CALL(a, SEQECHO_EINVAL, seqecho_early_stopping_create(NULL, NULL));
    (void)API_CALL(a, SEQECHO_EINVAL, seqecho_reduce_lr_create(NULL, NULL));
    (void)API_CALL(a, SEQECHO_EINVAL, seqecho_csv_log_create(NULL, NULL));
    (void)API_CALL(a, SEQECHO_EINVAL, seqecho_stop_on_nan_create(NULL, &a->hook));
    (void)API_CALL(a, SEQECHO_EINVAL, seqecho_early_stopping_best(NULL, NULL, NULL));
    seqecho_dataset_destroy(NULL);
    seqecho_trainer_destroy(NULL);
    seqecho_predictor_destroy(NULL);
    seqecho_callback_destroy(NULL);
    seqecho_trainer_reset_states(NULL);
    seqecho_predictor_reset_states(NULL);
    seqecho_dataset_seek(NULL, 1);
    seqecho_dataset_next(NULL);
}

/* Those that need no handle. */
static void call_plain(api *a)
{
    const int code = (int)input_byte(&a->in) - 128;
    const uint32_t kind = (uint32_t)input_byte(&a->in);

    call_nothing(a);
    FUZZ_CHECK(seqecho_version() == SEQECHO_VERSION_HEX, "%x", seqecho_version());
    FUZZ_CHECK(strstr(seqecho_build_info(), SEQECHO_VERSION_STRING) != NULL, "%s",
               seqecho_build_info());
    FUZZ_CHECK(strncmp(seqecho_error_name(code), "SEQECHO_", 8) == 0, "%d", code);
    FUZZ_CHECK(seqecho_has_kind(kind) ==
                   (kind >= SEQECHO_KIND_INPUT && kind <= SEQECHO_KIND_SEQUENTIAL),
               "%u", kind);
}

void api_run(api *a)
{
    a->calls++;
    switch (input_below(&a->in, 16)) {
    case 0:
        if (input_chance(&a->in, 2))
            call_plain(a);
        else
            api_files_call(a);
        break;
    case 1: api_array_call(a); break;
    case 2: api_dataset_call(a); break;
    case 3:
    case 4:
    case 5:
    case 6: api_graph_call(a); break;
    case 7: api_graph_look(a); break;
    case 8:
    case 9: api_trainer_call(a); break;
    case 10:
    case 11: api_step_call(a); break;
    case 12:
    case 13: api_fit_call(a); break;
    case 14: api_callback_call(a); break;
    default: api_predictor_call(a); break;
    }
    if (a->depth == 0)
        drop_options(a);
}

/* What most calls need, so that they are not in vain. */
static void prepare(api *a)
{
    api_graph_create_whole(a, &a->graph[0]);
    api_dataset_create(a, &a->dataset[0]);
    api_graph_create_echo(a, &a->graph[1]);
    api_trainer_create(a, &a->trainer[0], &a->graph[0]);
    api_trainer_create(a, &a->trainer[1], &a->graph[1]);
    api_callback_create(a, &a->callback[0]);
    api_callback_create(a, &a->callback[1]);
    drop_options(a);
}

/* Everything, beginning anywhere. */
static void destroy_all(api *a)
{
    enum {
        ALL = API_GRAPHS + API_TRAINERS + API_PREDICTORS + API_DATASETS + API_CALLBACKS
    };
    const size_t first = input_byte(&a->in);

    for (size_t k = 0; k < ALL; k++) {
        size_t i =
            (first + k * 5) % ALL; /* 5 divides no number of handles that there are */

        if (i < API_GRAPHS) {
            api_graph_destroy(a, &a->graph[i]);
            continue;
        }
        if ((i -= API_GRAPHS) < API_TRAINERS)
            seqecho_trainer_destroy(a->trainer[i].handle);
        else if ((i -= API_TRAINERS) < API_PREDICTORS)
            seqecho_predictor_destroy(a->predictor[i].handle);
        else if ((i -= API_PREDICTORS) < API_DATASETS)
            seqecho_dataset_destroy(a->dataset[i].handle);
        else
            seqecho_callback_destroy(a->callback[i - API_DATASETS].handle);
    }
    _Static_assert(ALL % 5 != 0, "each is destroyed once");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    api *const a = api_alloc(1, sizeof *a);

    a->in = (input){ data, size, 0 };
    a->memory = (bounded_alloc){ .limit = (size_t)2 << 20 };
    a->memory.seed = input_byte(&a->in);
    a->memory.fails = a->memory.seed >= 0x80;
    a->hook = bounded_alloc_hook(&a->memory);
    a->random = api_alloc(1, sizeof *a->random);
    if (input_chance(&a->in, 2))
        prepare(a);
    while (!input_done(&a->in) && a->calls < API_CALLS)
        api_run(a);
    destroy_all(a);
    FUZZ_CHECK(a->memory.live == 0, "%zu bytes are left", a->memory.live);
    free(a->random);
    free(a);
    return 0;
}
