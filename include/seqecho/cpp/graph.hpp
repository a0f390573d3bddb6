/* seqecho/cpp/graph.hpp - datasets, graphs and predictors; a part of seqecho/seqecho.hpp.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_CPP_GRAPH_HPP
#define SEQECHO_CPP_GRAPH_HPP

#include <seqecho/cpp/base.hpp>

namespace seqecho
{

/* ---- Datasets ------------------------------------------------------------------------ */

class dataset : public detail::handle<seqecho_dataset, seqecho_dataset_destroy>
{
  public:
    using handle::handle;
    template <class O = detail::defaults> static dataset create(O &&o = O())
    {
        const auto opt = detail::read<seqecho_dataset_options>(std::forward<O>(o));
        seqecho_dataset *made = nullptr;

        check(seqecho_dataset_create(&made, &opt));
        return dataset(made);
    }
    void next()
    {
        seqecho_dataset_next(get());
    }
    void seek(std::uint64_t position)
    {
        seqecho_dataset_seek(get(), position);
    }
    std::uint64_t position() const
    {
        return seqecho_dataset_position(get());
    }
    const seqecho_view &x() const
    {
        return *seqecho_dataset_x(get());
    }
    const seqecho_view &y() const
    {
        return *seqecho_dataset_y(get());
    }
    span<const std::int32_t> sequence() const
    {
        std::size_t length = 0;
        const std::int32_t *const numbers = seqecho_dataset_sequence(get(), &length);

        return span<const std::int32_t>(numbers, length);
    }
    void set_sequence(span<const std::int32_t> numbers)
    {
        check(seqecho_dataset_set_sequence(get(), numbers.data(), numbers.size()));
    }
    std::vector<std::int32_t> decode(const float *encoded, std::size_t steps) const
    {
        std::vector<std::int32_t> out(steps);

        check(seqecho_dataset_decode(get(), encoded, steps, out.data()));
        return out;
    }
};

/* ---- Graphs -------------------------------------------------------------------------- */

/* A copy shares the graph: it is another reference to it. */
class graph
{
  public:
    graph() : graph(detail::defaults())
    {
    }
    /* Takes a reference that the caller has. */
    explicit graph(seqecho_graph *owned) noexcept : p_(owned)
    {
    }
    template <class O, class = std::enable_if_t<
                           std::is_same_v<std::decay_t<O>, detail::defaults> ||
                           std::is_same_v<std::decay_t<O>, seqecho_graph_options> ||
                           std::is_invocable_v<O, seqecho_graph_options &>>>
    explicit graph(O &&o)
    {
        const auto opt = detail::read<seqecho_graph_options>(std::forward<O>(o));

        check(seqecho_graph_create(&p_, &opt));
    }
    graph(const graph &other)
        : p_(other.p_ != nullptr ? seqecho_graph_ref(other.p_) : nullptr)
    {
    }
    graph(graph &&other) noexcept : p_(std::exchange(other.p_, nullptr))
    {
    }
    graph &operator=(graph other) noexcept
    {
        std::swap(p_, other.p_);
        return *this;
    }
    ~graph()
    {
        seqecho_graph_destroy(p_);
    }
    seqecho_graph *get() const noexcept
    {
        return p_;
    }

    /* ---- Building ---- */

    /* One layer after the other. */
    template <class Layer> graph &add(const Layer &description)
    {
        seqecho_graph_add(p_, description.get());
        return built();
    }
    /* Layers and their calls. */
    template <class Input> seqecho_node *input(const Input &description)
    {
        return made(seqecho_graph_input(p_, description.get()));
    }
    template <class Layer> seqecho_layer *create(const Layer &description)
    {
        return made(seqecho_layer_create(p_, description.get()));
    }
    seqecho_node *call(seqecho_layer *layer, seqecho_node *x)
    {
        return made(seqecho_layer_call(layer, x));
    }
    seqecho_node *call(seqecho_layer *layer, std::initializer_list<seqecho_node *> x)
    {
        return made(seqecho_layer_call_n(layer, x.begin(), x.size()));
    }
    graph &output(seqecho_node *node)
    {
        check(seqecho_graph_output(p_, node));
        return *this;
    }

    /* ---- Looking ---- */

    std::string summary() const
    {
        return text(seqecho_graph_summary);
    }
    std::string dot() const
    {
        return text(seqecho_graph_dot);
    }
    std::int64_t parameter_count() const
    {
        return seqecho_graph_parameter_count(p_);
    }
    std::vector<std::string> weight_names() const
    {
        std::vector<std::string> names;

        for (std::size_t i = 0; i < seqecho_graph_weight_count(p_); i++)
            names.emplace_back(seqecho_graph_weight_name(p_, i));
        return names;
    }
    std::vector<float> weight(const std::string &name) const
    {
        seqecho_view shape = seqecho_view();
        std::size_t n = 1;

        check(seqecho_graph_weight_shape(p_, name.c_str(), &shape));
        for (std::int32_t i = 0; i < shape.rank; i++)
            n *= static_cast<std::size_t>(shape.dim[i]);
        std::vector<float> values(n);
        check(seqecho_graph_weight_get(p_, name.c_str(), values.data(), n));
        return values;
    }
    void set_weight(const std::string &name, span<const float> values)
    {
        check(seqecho_graph_weight_set(p_, name.c_str(), values.data(), values.size()));
    }
    void set_trainable(const std::string &layer, bool trainable)
    {
        check(seqecho_graph_set_trainable(p_, layer.c_str(), trainable));
    }

    /* ---- Files ---- */

    void save(const std::string &path) const
    {
        check(seqecho_graph_save(p_, path.c_str()));
    }
    std::vector<unsigned char> save() const
    {
        std::size_t size = 0;

        check(seqecho_graph_save_memory(p_, nullptr, 0, &size));
        std::vector<unsigned char> bytes(size);
        check(seqecho_graph_save_memory(p_, bytes.data(), size, &size));
        return bytes;
    }
    static graph load(const std::string &path)
    {
        seqecho_graph *loaded = nullptr;

        check(seqecho_graph_load(&loaded, path.c_str(), nullptr));
        return graph(loaded);
    }
    static graph load(span<const unsigned char> bytes)
    {
        seqecho_graph *loaded = nullptr;

        check(seqecho_graph_load_memory(&loaded, bytes.data(), bytes.size(), nullptr));
        return graph(loaded);
    }
    /* How many arrays were set. */
    template <class O = detail::defaults>
    std::size_t load_weights(const std::string &path, O &&o = O())
    {
        const auto opt = detail::read<seqecho_weights_options>(std::forward<O>(o));
        std::size_t loaded = 0;

        check(seqecho_graph_load_weights(p_, path.c_str(), &opt, &loaded));
        return loaded;
    }

  private:
    graph &built()
    {
        check(seqecho_graph_status(p_));
        return *this;
    }
    /* What building gives is NULL after a failure, which the graph remembers; but not if
     * building had ended before. */
    template <class T> T *made(T *what)
    {
        check(seqecho_graph_status(p_));
        if (what == nullptr)
            throw error(SEQECHO_ESTATE);
        return what;
    }
    std::string text(std::size_t (*write)(const seqecho_graph *, char *, std::size_t)) const
    {
        std::string all(write(p_, nullptr, 0) + 1, '\0');

        write(p_, &all[0], all.size());
        all.pop_back();
        return all;
    }

    seqecho_graph *p_ = nullptr;
};

/* ---- Predictors ---------------------------------------------------------------------- */

class predictor : public detail::handle<seqecho_predictor, seqecho_predictor_destroy>
{
  public:
    using handle::handle;
    template <class O = detail::defaults>
    static predictor create(const graph &g, O &&o = O())
    {
        const auto opt = detail::read<seqecho_predictor_options>(std::forward<O>(o));
        seqecho_predictor *made = nullptr;

        check(seqecho_predictor_create(&made, g.get(), &opt));
        return predictor(made);
    }
    /* x points to one view for each input; the outputs fill `out` exactly. */
    void run(const seqecho_view *x, span<float> out)
    {
        check(seqecho_predictor_run(get(), x, out.data(), out.size()));
    }
    void run(const seqecho_view &x, span<float> out)
    {
        run(&x, out);
    }
    /* One time step; neither allocates nor locks, and throws only on misuse. */
    void step(const float *x_t, float *y_t)
    {
        check(seqecho_predictor_step(get(), x_t, y_t));
    }
    void step_classes(const std::int32_t *x_t, float *y_t)
    {
        check(seqecho_predictor_step_classes(get(), x_t, y_t));
    }
    void reset_states() noexcept
    {
        seqecho_predictor_reset_states(get());
    }
    /* What a layer went through in the last run, row-major; its shape goes to *shape. */
    std::vector<float> trace(const std::string &layer, seqecho_trace what,
                             seqecho_view *shape = nullptr) const
    {
        seqecho_view found = seqecho_view();
        std::size_t n = 1;

        check(seqecho_predictor_trace_shape(get(), layer.c_str(), what, &found));
        for (std::int32_t i = 0; i < found.rank; i++)
            n *= static_cast<std::size_t>(found.dim[i]);
        std::vector<float> values(n);
        check(seqecho_predictor_trace(get(), layer.c_str(), what, values.data(), n));
        if (shape != nullptr)
            *shape = found;
        return values;
    }
};

} /* namespace seqecho */

#endif /* SEQECHO_CPP_GRAPH_HPP */
