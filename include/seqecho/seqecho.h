/* seqecho/seqecho.h - the whole public interface.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_SEQECHO_H
#define SEQECHO_SEQECHO_H

#include <seqecho/callbacks.h>
#include <seqecho/common.h>
#include <seqecho/dataset.h>
#include <seqecho/files.h>
#include <seqecho/graph.h>
#include <seqecho/layers.h>
#include <seqecho/predictor.h>
#include <seqecho/recurrent.h>
#include <seqecho/spec.h>
#include <seqecho/trainer.h>
#include <seqecho/version.h>

#endif /* SEQECHO_SEQECHO_H */
