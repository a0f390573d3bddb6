/* seqecho/cpp/training.hpp - callbacks and trainers; a part of seqecho/seqecho.hpp.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_CPP_TRAINING_HPP
#define SEQECHO_CPP_TRAINING_HPP

#include <seqecho/cpp/graph.hpp>

namespace seqecho
{

/* ---- Callbacks ----------------------------------------------------------------------- */

class callback : public detail::handle<seqecho_callback, seqecho_callback_destroy>
{
  public:
    using handle::handle;
    template <class O = detail::defaults> static callback early_stopping(O &&o = O())
    {
        return make<seqecho_early_stopping_options>(seqecho_early_stopping_create,
                                                    std::forward<O>(o));
    }
    template <class O = detail::defaults> static callback reduce_lr(O &&o = O())
    {
        return make<seqecho_reduce_lr_options>(seqecho_reduce_lr_create,
                                               std::forward<O>(o));
    }
    static callback csv_log(const std::string &path)
    {
        return make<seqecho_csv_log_options>(seqecho_csv_log_create,
                                             [&](auto &o) { o.path = path.c_str(); });
    }
    static callback tensorboard(const std::string &directory)
    {
        return make<seqecho_tensorboard_options>(
            seqecho_tensorboard_create, [&](auto &o) { o.directory = directory.c_str(); });
    }
    static callback stop_on_nan()
    {
        seqecho_callback *made = nullptr;

        check(seqecho_stop_on_nan_create(&made, nullptr));
        return callback(made);
    }
    template <class O = detail::defaults>
    static callback checkpoint(const std::string &directory, O &&o = O())
    {
        auto opt = detail::read<seqecho_checkpoint_options>(std::forward<O>(o));

        opt.directory = directory.c_str();
        return make<seqecho_checkpoint_options>(seqecho_checkpoint_create, opt);
    }

  private:
    template <class Options, class O>
    static callback make(int (*create)(seqecho_callback **, const Options *), O &&o)
    {
        const Options opt = detail::read<Options>(std::forward<O>(o));
        seqecho_callback *made = nullptr;

        check(create(&made, &opt));
        return callback(made);
    }
};

/* The newest whole checkpoint in a directory; SEQECHO_ENOTFOUND if there is none. */
inline std::string checkpoint_latest(const std::string &directory)
{
    std::string path(directory.size() + 64, '\0');

    check(seqecho_checkpoint_latest(directory.c_str(), &path[0], path.size()));
    path.resize(path.find('\0'));
    return path;
}

/* ---- Trainers ------------------------------------------------------------------------ */

/* What is told of a fit as it goes: true to go on, false to stop.  What it throws ends the
 * fit, and comes out of it. */
using event_handler = std::function<bool(const seqecho_event &)>;

class trainer : public detail::handle<seqecho_trainer, seqecho_trainer_destroy>
{
  public:
    using handle::handle;
    template <class O = detail::defaults> static trainer create(const graph &g, O &&o = O())
    {
        const auto opt = detail::read<seqecho_trainer_options>(std::forward<O>(o));
        seqecho_trainer *made = nullptr;

        check(seqecho_trainer_create(&made, g.get(), &opt));
        return trainer(made);
    }

    /* The report is that of the last epoch.  Callbacks that are borrowed may be given. */
    template <class O = detail::defaults>
    seqecho_report fit(const dataset &data, O &&o = O(),
                       std::initializer_list<const callback *> callbacks = {},
                       const event_handler &on_event = nullptr)
    {
        return run_fit(std::forward<O>(o), callbacks, on_event,
                       [&](const seqecho_fit_options *opt, seqecho_report *report) {
                           return seqecho_trainer_fit_dataset(get(), data.get(), opt,
                                                              report);
                       });
    }
    template <class O = detail::defaults>
    seqecho_report fit(const seqecho_view &x, const seqecho_view &y, O &&o = O(),
                       std::initializer_list<const callback *> callbacks = {},
                       const event_handler &on_event = nullptr)
    {
        return run_fit(std::forward<O>(o), callbacks, on_event,
                       [&](const seqecho_fit_options *opt, seqecho_report *report) {
                           return seqecho_trainer_fit(get(), &x, &y, opt, report);
                       });
    }
    seqecho_report train_on_batch(const seqecho_view &x, const seqecho_view &y)
    {
        seqecho_report report = SEQECHO_REPORT_INIT;

        check(seqecho_trainer_train_on_batch(get(), &x, &y, &report));
        return report;
    }
    seqecho_report evaluate(const dataset &data, std::int64_t sequences)
    {
        seqecho_report report = SEQECHO_REPORT_INIT;

        check(seqecho_trainer_evaluate_dataset(get(), data.get(), sequences, nullptr,
                                               &report));
        return report;
    }
    seqecho_report evaluate(const seqecho_view &x, const seqecho_view &y)
    {
        seqecho_report report = SEQECHO_REPORT_INIT;

        check(seqecho_trainer_evaluate(get(), &x, &y, nullptr, &report));
        return report;
    }
    void predict(const seqecho_view &x, span<float> out)
    {
        check(seqecho_trainer_predict(get(), &x, out.data(), out.size()));
    }
    void reset_states() noexcept
    {
        seqecho_trainer_reset_states(get());
    }
    void set(seqecho_param param, double value)
    {
        check(seqecho_trainer_set(get(), param, value));
    }
    double param(seqecho_param param) const
    {
        double value = 0.0;

        check(seqecho_trainer_get(get(), param, &value));
        return value;
    }
    /* Of each epoch so far; empty for what is no metric. */
    std::vector<double> history(const std::string &metric) const
    {
        std::size_t n = 0;
        const double *const values = seqecho_trainer_history(get(), metric.c_str(), &n);

        return std::vector<double>(values, values + n);
    }
    void save(const std::string &path) const
    {
        check(seqecho_trainer_save(get(), path.c_str()));
    }
    void restore(const std::string &path)
    {
        check(seqecho_trainer_restore(get(), path.c_str()));
    }

  private:
    struct events {
        const event_handler *tell;
        seqecho_event_fn then; /* of the options, with their user */
        void *user;
        std::exception_ptr thrown;
    };

    static int on_event(void *user, const seqecho_event *e)
    {
        events *const all = static_cast<events *>(user);

        try {
            if (*all->tell && !(*all->tell)(*e))
                return 1;
        } catch (...) {
            all->thrown = std::current_exception();
            return SEQECHO_ESTATE;
        }
        return all->then != nullptr ? all->then(all->user, e) : 0;
    }

    template <class O, class Run>
    seqecho_report run_fit(O &&o, std::initializer_list<const callback *> callbacks,
                           const event_handler &tell, Run &&run)
    {
        auto opt = detail::read<seqecho_fit_options>(std::forward<O>(o));
        std::vector<seqecho_callback *> all(opt.callbacks, opt.callbacks + opt.n_callbacks);
        events e = { &tell, opt.on_event, opt.user, nullptr };
        seqecho_report report = SEQECHO_REPORT_INIT;

        for (const callback *const c : callbacks)
            all.push_back(c->get());
        opt.callbacks = all.data();
        opt.n_callbacks = all.size();
        opt.on_event = on_event;
        opt.user = &e;
        const int err = run(&opt, &report);
        if (e.thrown)
            std::rethrow_exception(e.thrown);
        check(err);
        return report;
    }
};

} /* namespace seqecho */

#endif /* SEQECHO_CPP_TRAINING_HPP */
