import GrantStore
import HTTPSemantics
import Testing
import Web

@testable import ConnectApp

@Suite("Pages with text from outside") struct PagesHostileTests {
    static let attacks = [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)",
        "</title><svg onload=x>",
        "</h1></main><form action=https://evil.example>", "<!-- ", "<\u{338}script>", "{{7*7}}\\(brand)", "&lt;b&gt;",
        "\0\r\n",
    ]

    @Test(arguments: attacks, FlowOutcome.Verdict.allCases)
    func `stay text in every result`(attack: String, verdict: FlowOutcome.Verdict) throws {
        let plain = try pages().result(told(verdict, with: "x"), of: claim(provider: nil, expectedAddress: "x"))
        let hostile = try pages().result(told(verdict, with: attack), of: claim(provider: nil, expectedAddress: attack))
        #expect(structure(hostile) == structure(plain))
    }

    @Test(arguments: attacks)
    func `stay text where the operator wrote them`(attack: String) throws {
        let brand = ConnectSettings.Brand(name: attack, supportAddress: attack, privacyURL: attack)
        let harmless = ConnectSettings.Brand(name: "x", supportAddress: "x", privacyURL: "x")
        let pairs = zip(try PagesTests.all(settings(brand: brand)), try PagesTests.all(settings(brand: harmless)))
        for (hostile, plain) in pairs {
            #expect(structure(hostile.response) == structure(plain.response), "\(hostile.name)")
        }
    }

    @Test(arguments: ["javascript:alert(1)", "data:text/html,x", "//evil.example", "vbscript:x"])
    func `lead nowhere if an address is not one`(address: String) throws {
        let brand = ConnectSettings.Brand(name: "Acme", privacyURL: address)
        let page = try pages(settings(brand: brand)).connect().text
        #expect(page.contains("<a href=\"#\">Privacy notice"))
        #expect(!page.contains(address))
    }

    @Test func `do not make the path to look again a way out`() throws {
        let page = try pages().problem(.stillWorking(checkAgain: "//evil.example/"), reference: RequestID("r")).text
        #expect(page.contains("<a class=\"action\" href=\"#\">"))
    }

    private func told(_ verdict: FlowOutcome.Verdict, with text: String) -> FlowOutcome {
        var told = outcome(verdict, address: text, providerName: text, granted: [text], missing: [text])
        told.reference = text
        return told
    }

    /// The page's tags with their attributes, without the text between them and without the values of attributes.
    private func structure(_ response: Response) -> [String] {
        response.text.split(separator: "<").dropFirst().map { tag in
            let tag = tag.split(separator: ">", omittingEmptySubsequences: false).first ?? ""
            return tag.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
                .map { $0.isMultiple(of: 2) ? String($1) : "" }.joined(separator: "\"")
        }
    }
}
