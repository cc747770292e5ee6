/* sink.c - what is common to all sinks. See sink.h. */
#include "formats/model/sink.h"

bool exh_sink_seal(struct exh_sink *sink, const struct exh_layout *final, const struct exh_seal *seal, struct exh_error *err)
{
    return sink->ops->seal(sink, final, seal, err) || exh_on_side(err, EXH_SIDE_DESTINATION);
}

bool exh_sink_save(struct exh_sink *sink, uint64_t *kept, struct exh_error *err)
{
    *kept = 0;
    return sink->ops->save == NULL || sink->ops->save(sink, kept, err) || exh_on_side(err, EXH_SIDE_DESTINATION);
}

void exh_sink_close(struct exh_sink *sink)
{
    if (sink == NULL)
        return;
    exh_names_close(&sink->files);
    sink->ops->close(sink);
}
