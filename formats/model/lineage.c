/* lineage.c - what an image was opened with. See lineage.h. */
#include "formats/model/lineage.h"

#include "formats/model/medium.h"
#include "formats/model/text.h"

bool exh_lineage_add(struct exh_lineage *lineage, const char *path, struct exh_error *err)
{
    if (lineage == NULL)
        return true;
    if (lineage->count == EXH_PARENTS_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a chain of more than %u parents, or a circle", EXH_PARENTS_MAX);
    char *copy = exh_text_copy(path, strlen(path));
    if (copy == NULL)
        return exh_nomem(err, "a file name");
    lineage->parents[lineage->count++] = (struct exh_parent){.path = copy};
    return true;
}

static struct exh_parent *parent_at(struct exh_lineage *lineage, unsigned depth)
{
    return lineage != NULL && depth < lineage->count ? &lineage->parents[depth] : NULL;
}

void exh_lineage_opened(struct exh_lineage *lineage, unsigned depth, const struct exh_medium *parent)
{
    struct exh_parent *p = parent_at(lineage, depth);
    if (p == NULL)
        return;
    (void)snprintf(p->format, sizeof p->format, "%s", parent->format);
    p->bytes = exh_layout_bytes(parent->layout);
}

void exh_lineage_identified(struct exh_lineage *lineage, unsigned depth, const char *kind, const char *identifier)
{
    struct exh_parent *p = parent_at(lineage, depth);
    if (p == NULL)
        return;
    (void)snprintf(p->identifier_kind, sizeof p->identifier_kind, "%s", kind);
    (void)snprintf(p->identifier, sizeof p->identifier, "%s", identifier);
}

void exh_lineage_snapshot(struct exh_lineage *lineage, const char *id, const char *name)
{
    if (lineage == NULL)
        return;
    (void)snprintf(lineage->snapshot_id, sizeof lineage->snapshot_id, "%s", id);
    (void)snprintf(lineage->snapshot_name, sizeof lineage->snapshot_name, "%s", name);
}

void exh_lineage_close(struct exh_lineage *lineage)
{
    for (size_t i = 0; i < lineage->count; i++)
        free(lineage->parents[i].path);
    memset(lineage, 0, sizeof *lineage);
}
