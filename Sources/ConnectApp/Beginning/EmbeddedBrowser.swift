/// Browsers inside other apps, in which Google signs nobody in (`disallowed_useragent`).
///
/// A guess by known names, and only ever a hint: the page it leads to has a way on, for whoever is taken for one and is none.
enum EmbeddedBrowser {
    static func isOne(_ userAgent: String?) -> Bool {
        guard let userAgent, userAgent.utf8.count <= 1024 else { return false }
        let text = Array(userAgent.utf8)
        if text.contains(anyOf: names) { return true }
        // On Apple's phones a browser says "Safari", and so does the sheet that apps should use; a bare web view does not.
        return text.contains(anyOf: applePhones) && text.contains(anyOf: webKit) && !text.contains(anyOf: safari)
    }

    /// Facebook, Messenger, Instagram, Threads, LINE, WeChat, LinkedIn, Snapchat, X, TikTok (three names), Pinterest, KakaoTalk, Naver,
    /// Telegram, Teams and Slack on phones; and what Android calls a web view itself.
    private static let names = Words(
        "FBAN/",
        "FBAV/",
        "FB_IAB/",
        "Instagram ",
        "Barcelona ",
        " Line/",
        "MicroMessenger/",
        "LinkedInApp",
        "Snapchat/",
        "Twitter for ",
        "TwitterAndroid",
        "musical_ly",
        "BytedanceWebview",
        "trill_",
        "[Pinterest/",
        "KAKAOTALK",
        "NAVER(inapp",
        "Telegram-Android",
        "TeamsMobile-",
        "Slack_SSB",
        "; wv)"
    )
    private static let applePhones = Words("iPhone", "iPad", "iPod")
    private static let webKit = Words("AppleWebKit/")
    private static let safari = Words("Safari/")

    /// Words to look for in one pass over the bytes: `String.contains` for each costs more than all else that a start does.
    fileprivate struct Words: Sendable {
        let words: [[UInt8]]
        /// By octet: whether a word begins with it. Few octets of a text get further than this.
        let begins: [Bool]

        init(_ words: String...) {
            self.words = words.map { Array($0.utf8) }
            var begins = [Bool](repeating: false, count: 256)
            for word in self.words { begins[Int(word[0])] = true }
            self.begins = begins
        }
    }
}

extension [UInt8] {
    fileprivate func contains(anyOf words: EmbeddedBrowser.Words) -> Bool {
        indices.contains { start in
            words.begins[Int(self[start])] && words.words.contains { self[start...].starts(with: $0) }
        }
    }
}
