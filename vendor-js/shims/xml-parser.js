// In place of @aws-sdk/xml-builder's parser for browsers, which wants a
// DOMParser. Its sibling for everything else is plain JavaScript.
export { parseXML } from "../node_modules/@aws-sdk/xml-builder/dist-es/xml-parser.js";
