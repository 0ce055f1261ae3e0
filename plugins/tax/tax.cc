// Tax: fixed width, both ways (hub/doc/formats.md).

#include <utility>

#include "plugins/sdk/adapter.h"
#include "plugins/sdk/declare.h"

namespace anqiao::tax {
namespace {

using namespace ::anqiao::sdk;  // NOLINT(google-build-using-namespace): the words of a declaration.

constexpr Code kRelief[] = {{"1", "tax-relief-self-employed"}, {"2", "tax-relief-employer"}};
constexpr Code kAction[] = {
    {"01", "ACCEPT"},         {"02", "DECLINE"}, {"03", "REQUEST_INFORMATION"},
    {"04", "START"},          {"05", "HOLD"},    {"06", "RESUME"},
    {"07", "REPORT_OUTCOME"}, {"08", "FAIL"},    {"09", "CONFIRM_CANCELLATION"}};
constexpr Code kOutcome[] = {{"05", "GRANTED"}, {"06", "NOT_GRANTED"}};

Format InLines(std::string_view code, char record_type, Format format) {
  format.shape = FixedWidth{.code = code, .record_type = record_type};
  format.content_type = "text/plain; charset=gb18030";
  format.encodes = true;
  return format;
}

Format Businesses() {
  return InLines(
      "GTJY", 'B',
      {.name = "businesses",
       .title_zh = "个体经营登记",
       .title_en = "Businesses of self-employed persons",
       .mode = v1::MODE_SNAPSHOT,
       .kind = v1::RECORD_KIND_BUSINESS,
       .columns = {Wide(18, Required(
                                OrAsWritten(CreditCode({"credit code"}, v1::FIELD_BUSINESS_CODE)))),
                   Wide(60, Text({"business name"}, v1::FIELD_BUSINESS_NAME)),
                   Wide(40, Text({"person name"}, v1::FIELD_PERSON_NAME)),
                   Wide(18, OrAsWritten(CitizenId({"identity number"}, v1::FIELD_ID_NUMBER))),
                   Wide(8, Required(Date({"registered"}, v1::FIELD_REGISTRATION_DATE))),
                   Wide(8, Date({"deregistered"}, v1::FIELD_DEREGISTRATION_DATE))},
       .key = {"credit code"}});
}

Format Reliefs() {
  return InLines(
      "JMSJ", 'R',
      {.name = "reliefs",
       .title_zh = "税收减免",
       .title_en = "Tax reliefs that were used",
       .mode = v1::MODE_DELTA,
       .kind = v1::RECORD_KIND_TAX_RELIEF,
       .columns = {Wide(12, Required(Ignored({"serial number"}))),
                   Wide(40, Text({"person name"}, v1::FIELD_PERSON_NAME)),
                   Wide(18, OrAsWritten(CitizenId({"identity number"}, v1::FIELD_ID_NUMBER))),
                   Wide(1, Required(Codes({"kind"}, v1::FIELD_RELIEF_POLICY, kRelief))),
                   Wide(18, OrAsWritten(CreditCode({"employer code"}, v1::FIELD_EMPLOYER_CODE))),
                   Wide(6, Required(Month({"from"}, v1::FIELD_RELIEF_FROM_MONTH))),
                   Wide(6, Month({"to"}, v1::FIELD_RELIEF_TO_MONTH)),
                   Wide(15, Yuan({"amount"}, v1::FIELD_AMOUNT_FEN))},
       .key = {"serial number"}});
}

Format Requests() {
  Format format = InLines(
      "QQSJ", 'Q',
      {.name = "requests",
       .title_zh = "减免办理请求",
       .title_en = "Requests for a service",
       .mode = v1::MODE_DELTA,
       .kind = v1::RECORD_KIND_SERVICE_REQUEST,
       .columns = {Wide(40, Required(Text({"referral"}, v1::FIELD_REFERRAL))),
                   Wide(20, Required(Text({"etag"}, v1::FIELD_ETAG))),
                   Wide(32, Required(Text({"service"}, v1::FIELD_SERVICE))),
                   Wide(40, Required(Text({"person name"}, v1::FIELD_PERSON_NAME))),
                   Wide(18, Required(CitizenId({"identity number"}, v1::FIELD_ID_NUMBER))),
                   Wide(20, Text({"certificate number"}, v1::FIELD_CERTIFICATE_NUMBER)),
                   Wide(18, OrEncode(CreditCode({"credit code"}, v1::FIELD_BUSINESS_CODE),
                                     {v1::FIELD_EMPLOYER_CODE})),
                   Wide(8, OrEncode(FirstDayIfMonth(Date({"date"}, v1::FIELD_REGISTRATION_DATE)),
                                    {v1::FIELD_CONTRACT_START_DATE})),
                   Wide(32, Text({"category"}, v1::FIELD_CATEGORY))},
       .key = {"referral"}});
  format.decodes = false;
  return format;
}

Format Replies() {
  return InLines(
      "HFSJ", 'A',
      {.name = "replies",
       .title_zh = "减免办理答复",
       .title_en = "Answers to requests",
       .mode = v1::MODE_DELTA,
       .kind = v1::RECORD_KIND_REFERRAL_ANSWER,
       .columns = {Wide(36, Required(Ignored({"request id"}))),
                   Wide(40, Required(Text({"referral"}, v1::FIELD_REFERRAL))),
                   Wide(20, Required(Text({"etag"}, v1::FIELD_ETAG))),
                   Wide(2, Required(Codes({"action"}, v1::FIELD_ANSWER_ACTION, kAction))),
                   Wide(32, Text({"reason"}, v1::FIELD_ANSWER_REASON)),
                   Wide(2, Codes({"outcome"}, v1::FIELD_OUTCOME_CODE, kOutcome)),
                   Wide(8, Date({"outcome date"}, v1::FIELD_OUTCOME_DATE)),
                   Wide(15, Yuan({"amount"}, v1::FIELD_AMOUNT_FEN)),
                   Wide(8, Date({"from"}, v1::FIELD_VALID_FROM_DATE)),
                   Wide(8, Date({"to"}, v1::FIELD_VALID_TO_DATE))},
       .key = {"request id"}});
}

const Declaration& Declare() {
  static const Declaration declaration = {
      .name = "tax",
      .version = "1.1.0",
      .formats = {Businesses(), Reliefs(), Requests(), Replies()}};
  return declaration;
}

}  // namespace
}  // namespace anqiao::tax

ANQIAO_ADAPTER(anqiao::tax::Declare)
