/* train/fit_options.c - reading the options of fitting and evaluating.
 * SPDX-License-Identifier: MIT */
#include "train/fit_options.h"

#include <inttypes.h>

#include "base/error.h"
#include "base/options.h"

int se_fit_options_read(seqecho_fit_options *opt, const seqecho_fit_options *given,
                        seqecho_state_reset usual)
{
    SE_TRY(se_options_read(opt, sizeof *opt, given, "fit options"));
    for (size_t i = 0; i < sizeof opt->reserved; i++)
        if (opt->reserved[i] != 0)
            return se_fail(SEQECHO_ENOTSUP,
                           "fit options: reserved is set, but this library knows only 0");
    if (opt->epochs < 0)
        return se_fail(SEQECHO_EINVAL,
                       "fit: epochs is %" PRId64 ", expected 0 (one) or more", opt->epochs);
    if (opt->reset_states < SEQECHO_RESET_DEFAULT ||
        opt->reset_states > SEQECHO_RESET_EACH_BATCH)
        return se_fail(SEQECHO_EINVAL,
                       "fit: reset_states is %d, expected a "
                       "seqecho_state_reset",
                       (int)opt->reset_states);
    if (opt->epochs == 0)
        opt->epochs = 1;
    if (opt->reset_states == SEQECHO_RESET_DEFAULT)
        opt->reset_states = usual;
    return SEQECHO_OK;
}

static int check_callbacks(const seqecho_fit_options *opt)
{
    if (opt->n_callbacks > 0 && opt->callbacks == NULL)
        return se_fail(SEQECHO_EINVAL, "fit: n_callbacks is %zu, but callbacks is NULL",
                       opt->n_callbacks);
    for (size_t i = 0; i < opt->n_callbacks; i++) {
        if (opt->callbacks[i] == NULL)
            return se_fail(SEQECHO_EINVAL, "fit: callbacks[%zu] of %zu is NULL", i,
                           opt->n_callbacks);
        for (size_t j = 0; j < i; j++)
            if (opt->callbacks[j] == opt->callbacks[i])
                return se_fail(SEQECHO_EINVAL,
                               "fit: callbacks[%zu] is callbacks[%zu] again", i, j);
    }
    return SEQECHO_OK;
}

/* The samples of a validation, of which there is at most one kind. */
static int check_samples(const seqecho_fit_options *opt)
{
    const bool given = opt->validation_x != NULL || opt->validation_y != NULL;

    if (given && (opt->validation_x == NULL || opt->validation_y == NULL))
        return se_fail(SEQECHO_EINVAL,
                       "fit: validation_%s is given, but validation_%s is "
                       "NULL",
                       opt->validation_x != NULL ? "x" : "y",
                       opt->validation_x != NULL ? "y" : "x");
    if (opt->validation_weight != NULL && !given)
        return se_fail(SEQECHO_EINVAL, "fit: validation_weight is given, but validation_x "
                                       "is NULL");
    if (!(opt->validation_split >= 0.0 && opt->validation_split < 1.0))
        return se_fail(SEQECHO_EINVAL,
                       "fit: validation_split is %g, expected 0 (none) or more, and less "
                       "than 1",
                       opt->validation_split);
    if (opt->validation_split > 0.0 && given)
        return se_fail(SEQECHO_EINVAL,
                       "fit: validation_split and validation_x are given, expected one of "
                       "them");
    return SEQECHO_OK;
}

static int check_datasets(const seqecho_fit_options *opt, bool dataset)
{
    if (opt->validation_sequences < 0)
        return se_fail(SEQECHO_EINVAL,
                       "fit: validation_sequences is %" PRId64 ", expected 0 (one) or more",
                       opt->validation_sequences);
    if (opt->validation_sequences > 0 && opt->validation_dataset == NULL)
        return se_fail(SEQECHO_EINVAL,
                       "fit: validation_sequences is %" PRId64
                       ", but validation_dataset is NULL",
                       opt->validation_sequences);
    if (!dataset && opt->validation_dataset != NULL)
        return se_fail(SEQECHO_EINVAL, "fit: validation_dataset is for fit_dataset, "
                                       "expected validation_x and validation_y");
    if (dataset && (opt->validation_x != NULL || opt->validation_split > 0.0))
        return se_fail(SEQECHO_EINVAL,
                       "fit_dataset: validation_%s is for fit, expected "
                       "validation_dataset",
                       opt->validation_x != NULL ? "x" : "split");
    return SEQECHO_OK;
}

int se_fit_options_check(const seqecho_fit_options *opt, const seqecho_trainer *t,
                         bool dataset)
{
    SE_TRY(check_callbacks(opt));
    SE_TRY(check_samples(opt));
    SE_TRY(check_datasets(opt, dataset));
    if (opt->shuffle && se_session_stateful(t->session))
        return se_fail(SEQECHO_EINVAL, "fit: shuffle is set, but the network is stateful: "
                                       "its states follow the order of the samples");
    return SEQECHO_OK;
}

int se_fit_options_split(const seqecho_fit_options *opt, int64_t samples, int64_t *train)
{
    *train = (int64_t)((double)samples * (1.0 - opt->validation_split));
    if (*train == 0 || *train == samples)
        return se_fail(SEQECHO_EINVAL,
                       "fit: validation_split %g of %" PRId64 " samples leaves none to %s",
                       opt->validation_split, samples,
                       *train == 0 ? "train on" : "validate on");
    return SEQECHO_OK;
}
