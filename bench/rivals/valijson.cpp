// What checking costs with valijson over rapidjson: valijson SECONDS FOLDER prints one line of JSON, as
// bench/schema --json does.
#include <algorithm>
#include <ctime>
#include <fstream>
#include <iostream>
#include <malloc.h>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <rapidjson/document.h>
#include <valijson/adapters/rapidjson_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace {

using valijson::adapters::RapidJsonAdapter;

struct Instances {
    std::vector<std::string> texts;
    std::vector<std::unique_ptr<rapidjson::Document>> docs;
};

double now()
{
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

Instances load(const std::string &path)
{
    Instances in;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.empty())
            continue;
        in.texts.push_back(line);
        in.docs.push_back(std::make_unique<rapidjson::Document>());
        if (in.docs.back()->Parse(line.data(), line.size()).HasParseError())
            throw std::runtime_error(path + ": not JSON");
    }
    return in;
}

// valijson asserts dates and times; in these sets format is an annotation. The keyword's value is text, that of a
// property of this name is not.
void drop_formats(rapidjson::Value &v)
{
    if (v.IsObject()) {
        auto format = v.FindMember("format");
        if (format != v.MemberEnd() && format->value.IsString())
            v.RemoveMember(format);
        for (auto &member : v.GetObject())
            drop_formats(member.value);
    } else if (v.IsArray()) {
        for (auto &item : v.GetArray())
            drop_formats(item);
    }
}

template <typename F> double measure(size_t count, double seconds, F &&run)
{
    const double start = now();
    double spent;
    unsigned long rounds = 0;
    do {
        run();
        rounds++;
        spent = now() - start;
    } while (spent < seconds);
    return spent * 1e6 / (static_cast<double>(rounds) * static_cast<double>(count));
}

void bench(const std::string &folder, double seconds)
{
    std::ifstream file(folder + "/schema.json");
    std::stringstream text;
    text << file.rdbuf();
    rapidjson::Document document;
    const size_t before = mallinfo2().uordblks;
    const double start = now();
    if (document.Parse(text.str().c_str()).HasParseError())
        throw std::runtime_error("schema.json: not JSON");
    if (text.str().find("json-schema.org/draft-07/") == std::string::npos)
        throw std::runtime_error("valijson knows no draft after 7");
    drop_formats(document);
    valijson::Schema schema;
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(RapidJsonAdapter(document), schema);
    const double compile = now() - start;
    const size_t memory = mallinfo2().uordblks - before;

    const Instances good = load(folder + "/instances.jsonl"), bad = load(folder + "/invalid.jsonl");
    valijson::Validator validator;
    const auto valid = [&](const rapidjson::Value &v) {
        return validator.validate(schema, RapidJsonAdapter(v), nullptr);
    };
    const auto count = [&](const Instances &in) {
        return std::count_if(in.docs.begin(), in.docs.end(), [&](const auto &doc) { return valid(*doc); });
    };
    const auto check = [&](const Instances &in) { return measure(in.docs.size(), seconds, [&] { count(in); }); };

    const auto parse_check = [&] {
        for (const auto &line : good.texts) {
            rapidjson::Document doc;
            doc.Parse(line.data(), line.size());
            valid(doc);
        }
    };

    std::cout << "{\"valid\":" << count(good) << ",\"invalid\":" << static_cast<long>(bad.docs.size()) - count(bad)
              << ",\"check\":" << check(good)
              << ",\"parse_check\":" << measure(good.texts.size(), seconds, parse_check);
    if (!bad.docs.empty())
        std::cout << ",\"check_invalid\":" << check(bad);
    std::cout << ",\"compile\":" << compile * 1e3 << ",\"memory\":" << memory << "}" << std::endl;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 3) {
        std::cerr << "usage: valijson SECONDS FOLDER" << std::endl;
        return 2;
    }
    try {
        bench(argv[2], std::stod(argv[1]));
    } catch (const std::exception &error) {
        std::cout << "{\"refused\":\"" << error.what() << "\"}" << std::endl;
    }
    return 0;
}
