// Employment services: aac-coded XML and JSON (hub/doc/formats.md).

#include <utility>

#include "plugins/sdk/adapter.h"
#include "plugins/sdk/code_tables.h"
#include "plugins/sdk/declare.h"

namespace anqiao::employment {
namespace {

using namespace ::anqiao::sdk;  // NOLINT(google-build-using-namespace): the words of a declaration.

constexpr Code kAnnotation[] = {{"自主创业税收政策", "SELF_EMPLOYMENT"},
                                {"企业吸纳税收政策", "EMPLOYER"},
                                {"毕业年度内自主创业税收政策", "GRADUATE"}};
constexpr Code kDifficulty[] = {{"01", "AGE_4050"},       {"02", "DISABLED"},
                                {"03", "MINIMUM_LIVING"}, {"04", "ZERO_EMPLOYMENT_HOUSEHOLD"},
                                {"05", "LOST_LAND"},      {"06", "LONG_TERM_UNEMPLOYED"},
                                {"99", "OTHER"}};

constexpr Code kCategory[] = {
    {"脱贫人口", "POVERTY_RELIEVED"}, {"防止返贫监测对象", "POVERTY_MONITORED"}, {"其他", "OTHER"}};
constexpr Code kForm[] = {{"单位就业", "UNIT"},
                          {"灵活就业", "FLEXIBLE"},
                          {"个体经营", "SELF_EMPLOYED"},
                          {"公益性岗位", "PUBLIC_WELFARE"}};

// The columns of a person, then the format's own.
std::vector<Column> WithPerson(std::vector<Column> own) {
  std::vector<Column> columns = {
      Required(Text({"aac001"}, v1::FIELD_AGENCY_PERSON_NUMBER)),
      OrAsWritten(CitizenId({"aac002", "aac147"}, v1::FIELD_ID_NUMBER)),
      Text({"aac003"}, v1::FIELD_PERSON_NAME),
      Codes({"aac004"}, v1::FIELD_SEX, code_tables::kSexByCode),
      Lenient(Codes({"aac005"}, v1::FIELD_ETHNICITY, code_tables::kEthnicityByCode)),
      Lenient(Codes({"aac011"}, v1::FIELD_EDUCATION, code_tables::kEducationByCode)),
      Lenient(Date({"aac006"}, v1::FIELD_BIRTH_DATE)),
      // As written: several numbers may stand there, and the hub takes each.
      Text({"aae005"}, v1::FIELD_PHONE), Text({"aae006"}, v1::FIELD_ADDRESS),
      Lenient(Division({"aac313"}, v1::FIELD_DIVISION)),
      Lenient(Division({"aab302"}, v1::FIELD_REGISTERED_DIVISION)), Validity({"aae100"})};
  for (Column& column : own) columns.push_back(std::move(column));
  return columns;
}

Column EmployerCode() { return OrAsWritten(CreditCode({"aab998"}, v1::FIELD_EMPLOYER_CODE)); }
Column EmployerName() { return Text({"aab004"}, v1::FIELD_EMPLOYER_NAME); }

Format InXml(Format format) {
  format.shape = Xml{};
  format.content_type = "application/xml";
  format.encodes = true;
  return format;
}

Format InJson(Format format) {
  format.shape = Json{};
  format.content_type = "application/json";
  format.encodes = true;
  format.mode = v1::MODE_DELTA;
  return format;
}

Format Unemployment() {
  return InXml(
      {.name = "unemployment",
       .title_zh = "失业登记信息",
       .title_en = "Registrations as unemployed",
       .mode = v1::MODE_SNAPSHOT,
       .kind = v1::RECORD_KIND_UNEMPLOYMENT,
       .columns = WithPerson({Required(Date({"aae043"}, v1::FIELD_UNEMPLOYED_SINCE)),
                              Text({"ajc093"}, v1::FIELD_UNEMPLOYMENT_REASON),
                              Date({"aae031"}, v1::FIELD_UNEMPLOYMENT_ENDED_DATE),
                              Lenient(Codes({"aac027"}, v1::FIELD_PERSON_CATEGORY, kCategory))}),
       .key = {"aac001"}});
}

Format Certificates() {
  return InXml(
      {.name = "certificates",
       .title_zh = "就业创业证信息",
       .title_en = "Employment and entrepreneurship certificates",
       .mode = v1::MODE_DELTA,
       .kind = v1::RECORD_KIND_CERTIFICATE,
       .columns = WithPerson(
           {Required(Text({"aac021"}, v1::FIELD_CERTIFICATE_NUMBER)),
            Separated(Codes({"zcsm"}, v1::FIELD_CERTIFICATE_ANNOTATION, kAnnotation), "、"),
            Date({"aae036"}, v1::FIELD_ISSUED_DATE)}),
       .key = {"aac021"}});
}

Format Difficulties() {
  return InJson({.name = "difficulties",
                 .title_zh = "就业困难人员认定信息",
                 .title_en = "Recognitions as a person in difficulty",
                 .kind = v1::RECORD_KIND_DIFFICULTY,
                 .columns = WithPerson(
                     {Required(Codes({"aac369"}, v1::FIELD_DIFFICULTY_CATEGORY, kDifficulty)),
                      Required(Date({"acc362"}, v1::FIELD_VALID_FROM_DATE)),
                      Date({"acc363"}, v1::FIELD_VALID_TO_DATE)}),
                 .key = {"aac001", "acc362"}});
}

Format Employments() {
  return InJson(
      {.name = "employments",
       .title_zh = "就业登记信息",
       .title_en = "Employment contracts",
       .kind = v1::RECORD_KIND_EMPLOYMENT,
       .columns = WithPerson({EmployerCode(), EmployerName(),
                              Required(Date({"aae030"}, v1::FIELD_CONTRACT_START_DATE)),
                              Date({"aae031"}, v1::FIELD_CONTRACT_END_DATE),
                              Month({"aae041"}, v1::FIELD_SOCIAL_INSURANCE_FROM_MONTH),
                              Lenient(Codes({"acc318"}, v1::FIELD_EMPLOYMENT_FORM, kForm))}),
       .key = {"aac001", "aae030"}});
}

Format Trainings() {
  return InJson({.name = "trainings",
                 .title_zh = "职业培训信息",
                 .title_en = "Training courses",
                 .kind = v1::RECORD_KIND_TRAINING,
                 .columns = WithPerson({Required(Text({"kcmc"}, v1::FIELD_COURSE)),
                                        Date({"jyrq"}, v1::FIELD_COMPLETED_DATE),
                                        Text({"zsbh"}, v1::FIELD_QUALIFICATION_NUMBER),
                                        Text({"zsdj"}, v1::FIELD_QUALIFICATION_GRADE)}),
                 .key = {"aac001", "kcmc"}});
}

Format Employers() {
  return InJson(
      {.name = "employers",
       .title_zh = "用人单位信息",
       .title_en = "Employers",
       .kind = v1::RECORD_KIND_EMPLOYER,
       .columns = {Required(EmployerCode()), Required(EmployerName()), Validity({"aae100"})},
       .key = {"aab998"}});
}

Format Vacancies() {
  return InJson(
      {.name = "vacancies",
       .title_zh = "招聘岗位信息",
       .title_en = "Vacancies",
       .kind = v1::RECORD_KIND_VACANCY,
       .columns = {Required(Ignored({"gwbh"})), Required(EmployerCode()), EmployerName(),
                   Required(Text({"gwmc"}, v1::FIELD_POST)), Count({"gwrs"}, v1::FIELD_POST_COUNT),
                   Lenient(Division({"aac313"}, v1::FIELD_DIVISION)), Validity({"aae100"})},
       .key = {"gwbh"}});
}

const Declaration& Declare() {
  static const Declaration declaration = {
      .name = "employment",
      .version = "1.2.0",
      .formats = {Unemployment(), Certificates(), Difficulties(), Employments(), Trainings(),
                  Employers(), Vacancies()}};
  return declaration;
}

}  // namespace
}  // namespace anqiao::employment

ANQIAO_ADAPTER(anqiao::employment::Declare)
