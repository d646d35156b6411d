import HTTPSemantics
import Web

/// An HTTP error in the company's own frame.
struct ErrorPage {
    let fault: HTTPFault
    /// One more paragraph, or empty.
    let note: HTML
    let reference: RequestID

    func html(in frame: PageFrame) -> HTML {
        frame.page(
            title: fault.title,
            main: """
                <div class="card narrow">
                <p class="badge attention">\(Symbol.attention.html)</p>
                <h1>\(fault.title)</h1>
                <p class="lead">\(fault.advice)</p>
                \(note)
                \(frame.startAgain("Go to the start page", at: frame.beginning))
                \(frame.reference(reference.text))
                </div>
                """
        )
    }
}
