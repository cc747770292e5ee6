/* xml_out.c - an XML document while it is written. See xml_out.h. */
#include "report/pages/xml_out.h"

void exh_xml_start(struct exh_xml_out *o, const char *name) { o->failed = o->failed || xmlTextWriterStartElement(o->writer, BAD_CAST name) < 0; }
void exh_xml_end(struct exh_xml_out *o) { o->failed = o->failed || xmlTextWriterEndElement(o->writer) < 0; }
void exh_xml_text(struct exh_xml_out *o, const char *value) { o->failed = o->failed || xmlTextWriterWriteString(o->writer, BAD_CAST value) < 0; }

void exh_xml_attribute(struct exh_xml_out *o, const char *name, const char *value)
{
    if (value != NULL)
        o->failed = o->failed || xmlTextWriterWriteAttribute(o->writer, BAD_CAST name, BAD_CAST value) < 0;
}

void exh_xml_attribute_unsigned(struct exh_xml_out *o, const char *name, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    exh_xml_attribute(o, name, digits);
}

void exh_xml_attribute_signed(struct exh_xml_out *o, const char *name, int64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    exh_xml_attribute(o, name, digits);
}

void exh_xml_attribute_number(struct exh_xml_out *o, const char *name, struct exh_number number)
{
    if (number.known)
        exh_xml_attribute_unsigned(o, name, number.value);
}

void exh_xml_element(struct exh_xml_out *o, const char *name, const char *value)
{
    exh_xml_start(o, name);
    if (value != NULL) {
        exh_xml_text(o, value);
    } else {
        exh_xml_start(o, "unknown");
        exh_xml_end(o);
    }
    exh_xml_end(o);
}
