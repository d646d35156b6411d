import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Testing
import Web

@testable import ConnectApp

@Suite("Every page") struct PagesTests {
    /// Each page of an instance, by name.
    static func all(_ settings: ConnectSettings = settings()) throws -> [(name: String, response: Response)] {
        let pages = try pages(settings)
        var all = [("connect", pages.connect())]
        for verdict in FlowOutcome.Verdict.allCases {
            all.append((verdict.rawValue, pages.result(outcome(verdict), of: claim())))
        }
        for problem in flowlessProblems {
            all.append(("\(problem)", pages.problem(problem, reference: RequestID("q7K2-ref"))))
        }
        for fault in HTTPFault.allCases {
            all.append(
                (fault.rawValue, pages.errors.response(fault.status, reference: RequestID("q7K2-ref"), accepting: [:]))
            )
        }
        return all
    }

    @Test(arguments: [true, false])
    func `has one main heading, a title of its own, a language and its landmarks`(isOpen: Bool) throws {
        for (name, response) in try Self.all(settings(isOpen: isOpen, isSandbox: true)) {
            let text = response.text
            #expect(text.hasPrefix("<!doctype html>\n<html lang=\"en\">\n"), "\(name)")
            for once in ["<h1>", "</h1>", "<title>", "<main>", "</main>", "<header ", "<footer>", "Practice mode."] {
                #expect(text.count(of: once) == 1, "\(name): \(once)")
            }
            #expect(!text.contains("<h3"), "\(name)")
        }
    }

    @Test func `has a title that no page of another meaning has`() throws {
        let titles = try Self.all().filter { !["startRefused", "providerNotOffered"].contains($0.name) }
            .map { $0.response.text.between("<title>", "</title>") }
        #expect(Set(titles).count == titles.count)
    }

    @Test func `has no script, no style of its own, no foreign address and no frame`() throws {
        for (name, response) in try Self.all() {
            let text = response.text
            for forbidden in [
                "<script", "<style", " style=", " on", "javascript:", "<iframe", "<base", "http-equiv", "@import",
            ] {
                // " on" also begins words: what counts is an attribute.
                let found = forbidden == " on" ? text.contains(attributeBeginning: " on") : text.contains(forbidden)
                #expect(!found, "\(name): \(forbidden)")
            }
            let foreign = text.split(separator: "\"").filter {
                $0.contains("//") && $0 != "https://acme.example/privacy" && !$0.contains(">")
            }
            #expect(foreign.isEmpty, "\(name): \(foreign)")
        }
    }

    @Test func `goes out with the security fields of its kind`() throws {
        for (name, response) in try Self.all() {
            let isForm = response.text.contains("<form")
            let policy = response[.contentSecurityPolicy] ?? ""
            #expect(policy.contains(isForm ? "form-action 'self' https:;" : "form-action 'none';"), "\(name)")
            #expect(response[.referrerPolicy] == (isForm ? "same-origin" : "no-referrer"), "\(name)")
            #expect(response[.cacheControl] == "no-store", "\(name)")
            #expect(response[.xContentTypeOptions] == "nosniff", "\(name)")
            #expect(response[.strictTransportSecurity] != nil, "\(name)")
            #expect(response[.contentType] == "text/html; charset=utf-8", "\(name)")
        }
    }

    @Test func `speaks plainly`() throws {
        for (name, response) in try Self.all(settings(isSandbox: true)) {
            // An administrator is told the names of menus and permissions, which are what they are.
            let hasLetter = response.text.contains("<textarea")
            let letter = hasLetter ? response.text.between("<textarea", "</textarea>") : ""
            let words = (!hasLetter ? response.text : response.text.replacing(letter, with: "")).withoutTags
                .lowercased()
            for jargon in [
                "grant", "oauth", "scope", "token", "callback", "redirect", "api", "null", "nil", "optional(", "\\(",
            ] {
                #expect(!words.contains(word: jargon), "\(name): \(jargon)")
            }
        }
    }

    @Test func `never shows the grant ID`() throws {
        for (name, response) in try Self.all() { #expect(!response.text.contains("5f3c-grant-5f3c"), "\(name)") }
    }

    @Test func `gives a reference, unless nothing has happened yet`() throws {
        for (name, response) in try Self.all() where !["connect", "startRefused", "providerNotOffered"].contains(name) {
            #expect(response.text.contains("<code>q7K2-ref</code>"), "\(name)")
            #expect(response.text.contains("mailto:help@acme.example"), "\(name)")
        }
    }

    @Test func `leads on: a link to start again, to look again or to ask`() throws {
        for (name, response) in try Self.all() where !["connect", "connected", "reconnected"].contains(name) {
            let main = response.text.between("<main>", "</main>")
            let leads =
                main.contains("href=\"/\"") || main.contains("href=\"/connected/abc\"")
                || main.contains("mailto:") || main.contains("<form")
            #expect(leads, "\(name)")
        }
    }

    @Test func `does not offer to start again where a personal link is needed`() throws {
        for (name, response) in try Self.all(settings(isOpen: false)) {
            #expect(!response.text.contains("href=\"/\""), "\(name)")
            #expect(!response.text.contains("<form"), "\(name)")
        }
    }

    @Test func `works without support address and privacy notice`() throws {
        for (name, response) in try Self.all(settings(brand: .init(name: "Acme"))) {
            // A letter to an administrator has no address of ours in it.
            let text = response.text.replacing("mailto:?", with: "")
            #expect(!text.contains("mailto:") && !response.text.contains("<footer>"), "\(name)")
            #expect(response.text.contains("<h1>"), "\(name)")
        }
    }

    @Test func `loads only files that are served`() async throws {
        let headers = SecurityHeaders(publicURL: settings().publicURL)
        let assets = try StaticFiles(directory: publicDirectory, headers: headers)
        let served = Set(assets.routes.map { "\($0.template)" })
        for (name, response) in try Self.all() {
            let asked = response.text.split(separator: "\"").filter { $0.hasPrefix("/assets/") }.map(String.init)
            #expect(asked.count == 2 && served.isSuperset(of: asked), "\(name)")
        }
        #expect(served.contains("/robots.txt"))
    }
}
