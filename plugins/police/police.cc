// The police: register, orders, tests (hub/doc/formats.md).

#include <utility>

#include "plugins/sdk/adapter.h"
#include "plugins/sdk/code_tables.h"
#include "plugins/sdk/declare.h"

namespace anqiao::police {
namespace {

using namespace ::anqiao::sdk;  // NOLINT(google-build-using-namespace): the words of a declaration.

constexpr v1::Field kFlagField = v1::FIELD_STATUS_FLAG;
constexpr Code kControl[] = {{"登记", "REGISTERED"},
                             {"自愿戒毒", "VOLUNTARY"},
                             {"社区戒毒", "COMMUNITY_DETOX"},
                             {"强制戒毒", "COMPULSORY_ISOLATION"},
                             {"强制隔离戒毒", "COMPULSORY_ISOLATION"},
                             {"社区康复", "COMMUNITY_REHABILITATION"},
                             {"社会面", "IN_SOCIETY"},
                             {"戒断三年", "CLEAN_THREE_YEARS"},
                             {"服刑", "IN_SOCIETY", kFlagField, "IN_CUSTODY"},
                             {"看守所羁押", "IN_SOCIETY", kFlagField, "IN_CUSTODY"},
                             {"失控", "IN_SOCIETY", kFlagField, "LOST"},
                             {"出境", "IN_SOCIETY", kFlagField, "ABROAD"},
                             {"死亡", "IN_SOCIETY", kFlagField, "DECEASED"},
                             {"药物治疗", "IN_SOCIETY", kFlagField, "METHADONE"}};
constexpr Code kRisk[] = {{"高", "HIGH"}, {"中", "MEDIUM"}, {"低", "LOW"}};
constexpr Code kMethadone[] = {{"是", "METHADONE"}, {"否", ""}};
constexpr Code kOrder[] = {{"责令社区戒毒", "COMMUNITY_DETOX"},
                           {"强制隔离戒毒", "COMPULSORY_ISOLATION"},
                           {"责令社区康复", "COMMUNITY_REHABILITATION"}};
constexpr Code kEnd[] = {{"期满", "EXPIRED"},
                         {"提前解除", "RELEASED_EARLY"},
                         {"变更", "CONVERTED"},
                         {"终止", "TERMINATED"},
                         {"拒绝", "REFUSED"}};
constexpr Code kResult[] = {{"阴性", "NEGATIVE"}, {"阳性", "POSITIVE"}};
constexpr Code kTestKind[] = {
    {"现场", "ON_SITE"}, {"实验室", "LABORATORY"}, {"复检", "RETEST"}, {"毛发", "HAIR"}};

constexpr char kCsv[] = "text/csv; charset=gb18030";

// Written by hand and by spreadsheets: a division that is none costs itself only, and a date may
// have become a day number.
Column DivisionIfAny(Names names, v1::Field field) {
  return Lenient(Division(std::move(names), field));
}
Column Day(Names names, v1::Field field) { return OrDayNumber(Date(std::move(names), field)); }

Format Roster() {
  return {
      .name = "roster",
      .title_zh = "吸毒人员登记册",
      .title_en = "Police register",
      .mode = v1::MODE_SNAPSHOT,
      .kind = v1::RECORD_KIND_REGISTER,
      .content_type = kCsv,
      .encodes = true,
      .shape = Delimited{.encoding = Encoding::kGb18030, .header_row = 5},
      .columns = {Ignored({"序号"}),
                  Required(Text({"吸毒人员编号", "xdrybh"}, v1::FIELD_REGISTER_NUMBER)),
                  RequiredHeader(Text({"姓名", "xm"}, v1::FIELD_PERSON_NAME)),
                  Text({"曾用名"}, v1::FIELD_FORMER_NAME),
                  Codes({"性别", "xb"}, v1::FIELD_SEX, code_tables::kSexByName),
                  OrAsWritten(CitizenId({"身份证号码", "身份证号", "公民身份号码", "sfzh"},
                                        v1::FIELD_ID_NUMBER)),
                  Lenient(Day({"出生日期"}, v1::FIELD_BIRTH_DATE)),
                  Codes({"民族"}, v1::FIELD_ETHNICITY, code_tables::kEthnicityByName),
                  Codes({"文化程度"}, v1::FIELD_EDUCATION, code_tables::kEducationByName),
                  Codes({"婚姻状况"}, v1::FIELD_MARITAL_STATUS, code_tables::kMaritalStatusByName),
                  DivisionIfAny({"户籍地"}, v1::FIELD_REGISTERED_DIVISION), Ignored({"户籍详址"}),
                  Text({"常住地址"}, v1::FIELD_ADDRESS),
                  DivisionIfAny({"所属网格"}, v1::FIELD_DIVISION),
                  // As written: several numbers may stand there, and the hub takes each.
                  Text({"联系电话"}, v1::FIELD_PHONE), Text({"联系手机"}, v1::FIELD_PHONE),
                  Day({"首吸时间"}, v1::FIELD_FIRST_USE_DATE),
                  Day({"查获日期", "chrq"}, v1::FIELD_SEIZURE_DATE),
                  Text({"滥用毒品种类"}, v1::FIELD_SUBSTANCE),
                  RequiredHeader(Codes({"管控现状"}, v1::FIELD_CONTROL_STATUS, kControl)),
                  Codes({"关注程度"}, v1::FIELD_RISK_GRADE, kRisk),
                  Codes({"是否服美沙酮戒毒"}, kFlagField, kMethadone), Ignored({"数据更新时间"})},
      .key = {"吸毒人员编号"}};
}

Format Orders() {
  return {.name = "orders",
          .title_zh = "戒毒决定文书",
          .title_en = "Detoxification orders",
          .mode = v1::MODE_SNAPSHOT,
          .kind = v1::RECORD_KIND_ORDER,
          .content_type = kCsv,
          .encodes = true,
          .shape = Delimited{.encoding = Encoding::kGb18030, .header_row = 2},
          .columns = {Required(Text({"吸毒人员编号", "xdrybh"}, v1::FIELD_REGISTER_NUMBER)),
                      Text({"姓名", "xm"}, v1::FIELD_PERSON_NAME),
                      OrAsWritten(CitizenId({"身份证号码", "身份证号", "公民身份号码", "sfzh"},
                                            v1::FIELD_ID_NUMBER)),
                      Required(Text({"文书号"}, v1::FIELD_DOCUMENT_NUMBER)),
                      Required(Codes({"决定种类"}, v1::FIELD_ORDER_KIND, kOrder)),
                      Text({"决定机关"}, v1::FIELD_ORGAN),
                      Required(Day({"决定日期"}, v1::FIELD_DECIDED_DATE)),
                      Day({"送达日期"}, v1::FIELD_RECEIVED_DATE),
                      Day({"报到日期"}, v1::FIELD_REPORTED_DATE),
                      Count({"期限(月)"}, v1::FIELD_TERM_MONTHS),
                      Day({"解除日期"}, v1::FIELD_ENDED_DATE),
                      Codes({"解除原因"}, v1::FIELD_END_REASON, kEnd)},
          .key = {"文书号"}};
}

Format Tests() {
  return {
      .name = "tests",
      .title_zh = "尿检记录",
      .title_en = "Tests",
      .mode = v1::MODE_DELTA,
      .kind = v1::RECORD_KIND_TEST,
      .content_type = "text/plain; charset=gb18030",
      .encodes = true,
      .shape = Delimited{.encoding = Encoding::kGb18030, .delimiter = '|', .quoted = false},
      .columns = {Required(Text({"xdrybh", "吸毒人员编号"}, v1::FIELD_REGISTER_NUMBER)),
                  Text({"xm", "姓名"}, v1::FIELD_PERSON_NAME),
                  OrAsWritten(CitizenId({"sfzh", "身份证号码", "身份证号"}, v1::FIELD_ID_NUMBER)),
                  Required(Date({"njrq"}, v1::FIELD_TEST_DATE)), Ignored({"njdd"}),
                  Required(Codes({"njjg"}, v1::FIELD_TEST_RESULT, kResult)),
                  RequiredHeader(Codes({"jcfs"}, v1::FIELD_TEST_KIND, kTestKind)),
                  Ignored({"djdwdm"}), Ignored({"djdwmc"}), Ignored({"czsj"})},
      .key = {"xdrybh", "njrq", "jcfs"}};
}

const Declaration& Declare() {
  static const Declaration declaration = {
      .name = "police", .version = "1.1.0", .formats = {Roster(), Orders(), Tests()}};
  return declaration;
}

}  // namespace
}  // namespace anqiao::police

ANQIAO_ADAPTER(anqiao::police::Declare)
