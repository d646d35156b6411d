/// Browsers inside other apps, in which Google signs nobody in (`disallowed_useragent`).
///
/// A guess by known names, and only ever a hint: the page it leads to has a way on, for whoever is taken for one and is none.
enum EmbeddedBrowser {
    static func isOne(_ userAgent: String?) -> Bool {
        guard let userAgent, userAgent.utf8.count <= 1024 else { return false }
        let text = Array(userAgent.utf8)
        if text.contains(anyOf: names) { return true }
        // On Apple's phones a browser says "Safari", and so does the sheet that apps should use; a bare web view does not.
        return text.contains(anyOf: applePhones) && text.contains(anyOf: [webKit]) && !text.contains(anyOf: [safari])
    }

    /// Facebook, Messenger, Instagram, Threads, LINE, WeChat, LinkedIn, Snapchat, X, TikTok (three names), Pinterest, KakaoTalk, Naver,
    /// Telegram, Teams and Slack on phones; and what Android calls a web view itself.
    private static let names = [
        "FBAN/", "FBAV/", "FB_IAB/", "Instagram ", "Barcelona ", " Line/", "MicroMessenger/", "LinkedInApp",
        "Snapchat/",
        "Twitter for ", "TwitterAndroid", "musical_ly", "BytedanceWebview", "trill_", "[Pinterest/", "KAKAOTALK",
        "NAVER(inapp", "Telegram-Android", "TeamsMobile-", "Slack_SSB", "; wv)",
    ].map { Array($0.utf8) }
    private static let applePhones = ["iPhone", "iPad", "iPod"].map { Array($0.utf8) }
    private static let webKit = Array("AppleWebKit/".utf8)
    private static let safari = Array("Safari/".utf8)
}

extension [UInt8] {
    /// One pass over the bytes: looking for each name with `String.contains` costs more than all else that a start does.
    fileprivate func contains(anyOf names: [[UInt8]]) -> Bool {
        indices.contains { start in
            names.contains { name in
                name[0] == self[start] && self[start...].starts(with: name)
            }
        }
    }
}
