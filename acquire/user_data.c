/* user_data.c - what a data track would lose if only its user data were kept. See user_data.h. */
#include "acquire/user_data.h"

#include "formats/optical/disc_view.h"
#include "verify/pipeline.h"

struct survey { /* a consumer */
    struct exh_consumer consumer;
    struct exh_user_survey found;
};

static size_t survey_result_bytes(const struct exh_consumer *consumer, uint32_t sectors, uint32_t main_bytes)
{
    (void)consumer, (void)sectors, (void)main_bytes;
    return sizeof(struct exh_user_survey);
}

/* Generating EDC and parities to compare with is what takes the time: on any thread. */
static bool survey_work(const struct exh_consumer *consumer, struct exh_scratch *scratch, const struct exh_block *block, void *result,
                        struct exh_error *err)
{
    struct exh_user_survey n = {0};
    (void)consumer, (void)scratch, (void)err;
    for (uint32_t i = 0; i < block->count; i++) {
        if (block->state[i] < EXH_SUSPECT) {
            n.unread++;
            continue;
        }
        int64_t lba = block->lba + i;
        switch (exh_user_data_of(block->main + (size_t)i * block->track->main_bytes, block->track, lba)) {
        case EXH_USER_WHOLE: n.whole++; break;
        case EXH_USER_MORE: n.first_more = n.more++ == 0 ? lba : n.first_more; break;
        case EXH_USER_UNFITTING: n.first_unfitting = n.unfitting++ == 0 ? lba : n.first_unfitting; break;
        }
    }
    memcpy(result, &n, sizeof n);
    return true;
}

static bool survey_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    struct exh_user_survey *all = &((struct survey *)consumer)->found, n;
    (void)block, (void)err;
    memcpy(&n, result, sizeof n);
    all->first_more = all->more == 0 ? n.first_more : all->first_more;
    all->first_unfitting = all->unfitting == 0 ? n.first_unfitting : all->first_unfitting;
    all->whole += n.whole, all->more += n.more, all->unread += n.unread, all->unfitting += n.unfitting;
    return true;
}

static const struct exh_consumer_ops survey_ops = {.result_bytes = survey_result_bytes, .work = survey_work, .take = survey_take};

bool exh_user_data_survey(struct exh_medium *medium, const struct exh_watch *watch, unsigned threads, struct exh_user_survey *out,
                          struct exh_error *err)
{
    struct survey survey = {.consumer = {&survey_ops}};
    struct exh_consumer *consumers[1] = {&survey.consumer};
    struct exh_ascending route;
    struct exh_pipeline_outcome outcome;
    exh_route_ascending(&route, medium, EXH_THOROUGH, EXH_PIPELINE_BLOCK_BYTES);
    exh_watch_phase(watch, "look at every sector", route.route.total_bytes);
    struct exh_pipeline pipeline = {
        .medium = medium, .route = &route.route, .consumers = consumers, .consumer_count = 1, .watch = watch, .threads = threads};
    bool ok = exh_pipeline_run(&pipeline, &outcome, err);
    exh_pipeline_outcome_close(&outcome);
    *out = survey.found;
    return ok;
}
