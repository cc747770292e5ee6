/* xml_out.h - an XML document while it is written: what report_xml.c and report_xml_disc.c share. Inside report/pages only.
 *
 * Through libxml2's writer, which escapes; texts were made valid XML characters when they were read (facts.c). Failure sticks: the writer's own
 * return values are only worth a look once at the end. */
#ifndef EXH_REPORT_PAGES_XML_OUT_H
#define EXH_REPORT_PAGES_XML_OUT_H

#include <libxml/xmlwriter.h>

#include "report/pages/facts.h"

struct exh_xml_out {
    xmlTextWriterPtr writer;
    bool failed;
};

void exh_xml_start(struct exh_xml_out *o, const char *name);
void exh_xml_end(struct exh_xml_out *o);
void exh_xml_text(struct exh_xml_out *o, const char *value);
void exh_xml_attribute(struct exh_xml_out *o, const char *name, const char *value); /* NULL: left out */
void exh_xml_attribute_unsigned(struct exh_xml_out *o, const char *name, uint64_t value);
void exh_xml_attribute_signed(struct exh_xml_out *o, const char *name, int64_t value);
void exh_xml_attribute_number(struct exh_xml_out *o, const char *name, struct exh_number number);
void exh_xml_element(struct exh_xml_out *o, const char *name, const char *value); /* NULL: holds <unknown/> */

/* report_xml_disc.c */
void exh_xml_layout(struct exh_xml_out *o, const struct exh_facts *f);
void exh_xml_source_layout(struct exh_xml_out *o, const struct exh_fact_disc *disc); /* NULL writes nothing */
void exh_xml_audit(struct exh_xml_out *o, const struct exh_fact_audit *audit);       /* of no tracks: nothing */

#endif
